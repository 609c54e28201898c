package org.pagewright.lab.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Operation;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.lab.report.BadInput;

/** Scenario files are read, or refused with line, column and what was expected. */
@Timeout(60)
final class ScenarioFileTest {
  private static final PteFormat X86 = PteFormat.named("x86_64-4level");
  private static final Path SAMPLES = samples();

  @TempDir Path folder;

  private static Path samples() {
    Path here = Path.of("docs/samples/scenarios");
    return Files.isDirectory(here) ? here : Path.of("..").resolve(here);
  }

  static Stream<Path> sampleFiles() throws IOException {
    try (Stream<Path> files = Files.list(SAMPLES)) {
      return files.sorted().toList().stream();
    }
  }

  static List<Scenario> builtIn() {
    return Scenario.all();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("s.yaml"), text);
  }

  @ParameterizedTest
  @MethodSource("sampleFiles")
  void samples_onTheSoundKernel_areSilent(Path file) throws IOException {
    Scenario scenario = ScenarioFile.read(file);

    int[] asked = {0};
    Exploration result =
        new Explorer(scenario.on(X86)).search(new FewPreemptions(1), () -> asked[0]++ == 40);

    assertThat(scenario.name()).isEqualTo(file.getFileName().toString().replace(".yaml", ""));
    assertThat(result.failure()).isNull();
    assertThat(result.schedules()).isGreaterThan(1);
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void print_builtInScenario_isReadBack(Scenario scenario) throws IOException {
    String text = ScenarioFile.print(scenario);

    assertThat(ScenarioFile.print(ScenarioFile.read(file(text)))).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "[falt 5]            | :4:5: no operation 'falt'; expected one of fault, truncate,",
        "[fault 64]          | :4:5: '64' of fault; expected PAGE from 0 to 63",
        "[fault -1]          | :4:5: '-1' of fault; expected PAGE from 0 to 63",
        "[fault 99999999999999999999] | expected PAGE from 0 to 63",
        "[mermap-get 0]      | expected PAGES from 1 to 256",
        "[free 3]            | :4:5: 'free 3'; expected free",
        "[allocate, 3 5]     | :4:15: no operation '3'; expected one of",
        "[[fault 5]]         | :4:5: an item of an item of cpus is a list; expected a text",
        "fault 5             | :4:4: an item of cpus is a plain value; expected a list",
        "[fault 5            | expected YAML 1.2",
      })
  void read_mistakeInAnOperation_saysWhereAndWhatWasExpected(String program, String message)
      throws IOException {
    Path file = file("name: s\nwhat: A hazard.\ncpus:\n - " + program + "\n");

    assertThatThrownBy(() -> ScenarioFile.read(file))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("s.yaml")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name: A B           | name 'A B'; expected words like unmap-then-reuse",
        "nam: s              | :1:1: unknown key nam; expected one of name, what",
        "file: fast          | file is fast; expected one of remove-each, pooled",
        "isolation: maybe    | isolation is maybe; expected true or false",
        "cpus: []            | 0 CPUs; expected programs for 1 to 4",
        "cpus: [[],[],[],[],[]] | 5 CPUs; expected programs for 1 to 4",
        "name: [s]           | name is a list; expected a text",
      })
  void read_mistakeInAKey_saysWhatWasExpected(String line, String message) throws IOException {
    String rest =
        Stream.of("name: s", "what: A hazard.", "cpus: [[fault 5]]")
            .filter(other -> !other.substring(0, 4).equals(line.substring(0, 4)))
            .reduce("", (a, b) -> a + "\n" + b);
    Path file = file(line + rest + "\n");

    assertThatThrownBy(() -> ScenarioFile.read(file))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(message);
  }

  @Test
  void read_hostileFile_isRefusedAtOnce() throws IOException {
    StringBuilder laughs = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 60; i++) {
      laughs.append("a%d: &a%d [*a%d, *a%d]%n".formatted(i, i, i - 1, i - 1));
    }
    List<String> texts =
        List.of(
            "",
            "---\n---\n",
            "\u0000\u0001",
            "name: &a [*a]\n",
            "[".repeat(20_000),
            "{a: ".repeat(10_000),
            laughs + "name: s\nwhat: x\ncpus: *a59\n",
            "name: s\nwhat: x\ncpus: [[" + "fault 1, ".repeat(5000) + "]]\n",
            "x".repeat(70_000),
            "name: !!java.lang.Runtime s\n",
            "name: s\nwhat: x\ncpus: [[fault 1]]\nname: t\n");
    for (String text : texts) {
      Path file = file(text);
      assertThatThrownBy(() -> ScenarioFile.read(file))
          .as(text.substring(0, Math.min(40, text.length())))
          .isInstanceOf(BadInput.class);
    }
    Path latin =
        Files.write(folder.resolve("l.yaml"), "name: \u00e9".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> ScenarioFile.read(latin)).hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> ScenarioFile.read(Path.of("/dev/zero")))
        .hasMessageContaining("not a regular file");
  }

  @Test
  void matrix_ofEveryScenario_fitsAndVaries() {
    for (Scenario scenario : Scenario.all()) {
      List<CheckMatrix.Case> cases = CheckMatrix.of(scenario);

      assertThat(cases).allMatch(one -> one.scenario().fits(one.format()));
      for (CheckMatrix.Case one : cases) {
        one.scenario().on(one.format()).worlds().get().close();
      }
      assertThat(cases)
          .extracting(CheckMatrix.Case::label)
          .doesNotHaveDuplicates()
          .hasSizeGreaterThan(2);
    }
  }

  @Test
  void verbs_haveASentenceAndParseTheirSynopsis() {
    for (Operation.Verb verb : Operation.verbs()) {
      assertThat(verb.what()).endsWith(".");
      assertThat(Operation.parse(verb.name() + (verb.parameter().isEmpty() ? "" : " 1")).text())
          .startsWith(verb.name());
    }
  }
}
