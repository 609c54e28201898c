package org.pagewright.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CatalogueTest {

  static List<String> machines() {
    return Catalogue.machines();
  }

  static List<String> costs() {
    return Catalogue.costs();
  }

  @ParameterizedTest
  @MethodSource("machines")
  void machine_isReadableAndNamesACostTableThatExists(String name) {
    MachineFile machine = Catalogue.machine(name);

    assertThat(machine.name()).isEqualTo(name);
    assertThat(Catalogue.costs()).contains(machine.costs());
    assertThat(machine.title()).isNotBlank();
  }

  @ParameterizedTest
  @MethodSource("costs")
  void everyCost_hasASourceThatCanBeLookedUp(String name) {
    CostFile file = Catalogue.costs(name);

    assertThat(file.name()).isEqualTo(name);
    file.costs()
        .forEach((primitive, cost) -> {
          assertThat(cost.source()).as(primitive).hasSizeGreaterThan(20);
          assertThat(cost.source().toLowerCase(Locale.ROOT))
              .as(primitive + " rests on the result it is compared with")
              .doesNotContain("313 ms")
              .doesNotContain("1.04 s");
        });
  }

  @Test
  void machineOfAUser_isReadFromItsFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("mine.yaml");
    Files.writeString(
        file,
        """
        name: mine
        title: my machine
        memory: 1M-1G
        cpus: 3
        architecture: x86-64
        format: x86_64-4level
        tlb: skylake
        costs: sapphire-rapids
        direct-map: {largest-leaf: 2M}
        features: {pcid: true}
        """);

    MachineFile machine = Catalogue.machine(file.toString());

    assertThat(machine.cpus()).isEqualTo(3);
    assertThat(machine.directMap().largestLeaf()).isEqualTo("2M");
    assertThat(machine.features().invpcid()).isFalse();
  }

  @Test
  void wrongFileOfAUser_isReportedWithItsName(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("mine.yaml");
    Files.writeString(file, "name: x\ncpu: 3\n");

    assertThatThrownBy(() -> Catalogue.machine(file.toString()))
        .isInstanceOf(BadFile.class)
        .hasMessageContaining(file + ":2:1: unknown key cpu")
        .hasMessageContaining("did you mean cpus?");
    assertThatThrownBy(() -> Catalogue.costs(folder.resolve("none.yaml").toString()))
        .isInstanceOf(BadFile.class)
        .hasMessageContaining("cannot be read");
  }
}
