package org.pagewright.lab.tidy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Arrows between modules and packages point one way; the model reads no clock and no chance. */
class ArchitectureTest {
  private static final String[] MODEL = {
    "org.pagewright.hardware..", "org.pagewright.kernel..", "org.pagewright.check.."
  };

  private static final ArchRule HARDWARE = mayUseOnly("hardware");
  private static final ArchRule KERNEL = mayUseOnly("kernel", "hardware");
  private static final ArchRule CHECK = mayUseOnly("check", "kernel", "hardware");

  private static final ArchRule NO_CLOCK =
      noClasses()
          .that()
          .resideInAnyPackage(MODEL)
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo(Clock.class)
          .orShould()
          .callMethod(Instant.class, "now")
          .allowEmptyShould(true);

  private static final ArchRule NO_CHANCE =
      noClasses()
          .that()
          .resideInAnyPackage(MODEL)
          .should()
          .callMethod(Math.class, "random")
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo("java.util.concurrent.ThreadLocalRandom")
          .allowEmptyShould(true);

  private static final ArchRule CLI_IS_THE_TOP =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.pagewright.lab.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.pagewright.lab.cli..", "picocli..");

  private static final ArchRule LEAVES_OF_LAB =
      noClasses()
          .that()
          .resideInAnyPackage("org.pagewright.lab.report..", "org.pagewright.lab.stats..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.pagewright.lab.cli..",
              "org.pagewright.lab.experiment..",
              "org.pagewright.lab.scenario..",
              "org.pagewright.lab.trace..");

  private static final ArchRule NO_CYCLES_IN_LAB =
      slices().matching("org.pagewright.lab.(*)..").should().beFreeOfCycles();

  private static final JavaClasses SHIPPED =
      new ClassFileImporter()
          .withImportOption(location -> !location.contains("/test-classes/"))
          .importPackages("org.pagewright");

  /** A module may use itself, the modules {@code below} and the JDK. */
  private static ArchRule mayUseOnly(String module, String... below) {
    String[] allowed =
        Stream.concat(
                Stream.of("java..", "org.jspecify..", "org.pagewright." + module + ".."),
                Stream.of(below).map(name -> "org.pagewright." + name + ".."))
            .toArray(String[]::new);
    return classes()
        .that()
        .resideInAPackage("org.pagewright." + module + "..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed)
        .as(module + " uses only " + String.join(", ", allowed))
        .allowEmptyShould(true);
  }

  static Stream<ArchRule> rules() {
    return Stream.of(
        HARDWARE,
        KERNEL,
        CHECK,
        NO_CLOCK,
        NO_CHANCE,
        CLI_IS_THE_TOP,
        LEAVES_OF_LAB,
        NO_CYCLES_IN_LAB);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void rule_holdsForWhatIsShipped(ArchRule rule) {
    rule.check(SHIPPED);
  }

  @Test
  void classes_ofEveryShippedModule_areLookedAt() {
    assertThat(SHIPPED.stream().map(type -> type.getPackageName().split("\\.", -1)[2]))
        .contains("hardware", "lab");
  }

  @Test
  void rules_refuseAKernelClassThatBreaksThem() {
    JavaClasses bad = new ClassFileImporter().importPackages("org.pagewright.kernel.fixture");

    for (ArchRule rule : new ArchRule[] {KERNEL, NO_CLOCK, NO_CHANCE, CLI_IS_THE_TOP}) {
      assertThatThrownBy(() -> rule.check(bad))
          .as(rule.getDescription())
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("AgainstTheRules");
    }
  }
}
