package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Searches run side by side, stop and go on, and tell the same each time. */
class CheckCommandTest {
  private static final String[] SEARCHES = {
    "check", "pin-meets-munmap", "touch-meets-munmap", "ldt-write-meets-write"
  };
  private static final Pattern SECONDS = Pattern.compile("in [0-9.]+ s");

  @TempDir private Path folder = Path.of("");
  private Path state = Path.of("");
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void chooseState() {
    state = folder.resolve("state.txt");
  }

  private String run(int expected, String... arguments) {
    StringWriter out = new StringWriter();
    CommandLine line = Pagewright.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    assertThat(Pagewright.execute(line, arguments)).as(err.toString()).isEqualTo(expected);
    return SECONDS.matcher(out.toString()).replaceAll("in - s");
  }

  private String search(String... options) {
    String[] how = {"--explore", "exhaustive"};
    return run(0, Stream.of(SEARCHES, how, options).flatMap(Arrays::stream).toArray(String[]::new));
  }

  @Test
  void check_severalJobs_tellsTheSameInTheSameOrder() {
    String one = search();

    assertThat(one.lines()).hasSize(3);
    assertThat(search("--jobs", "3")).isEqualTo(one);
  }

  @Test
  void check_stateOfSearchesThatStop_goesOnUntilAllAreDone() throws IOException {
    String whole = search();
    String[] piece = {"--schedules", "5", "--state", state.toString(), "--jobs", "2"};
    List<String> told = new ArrayList<>(List.of(search(piece)));
    assertThat(told.getFirst()).contains("stopped early").contains("(every order)");
    String finished =
        Files.readAllLines(state).stream()
            .filter(line -> line.startsWith("done"))
            .findFirst()
            .orElseThrow();
    while (told.getLast().contains("stopped early")) {
      assertThat(told).hasSizeLessThan(10);
      told.add(search(piece));
    }

    assertThat(told.getLast()).isEqualTo(whole);
    // What was finished is not searched again, so that its time is the same, too.
    assertThat(Files.readAllLines(state)).contains(finished);
    assertThat(told).hasSizeGreaterThan(2);
  }

  @Test
  void check_stateOfOtherScenarios_isKeptAndAddedTo() throws IOException {
    String file = state.toString();
    run(0, "check", "pin-meets-munmap", "--explore", "exhaustive", "--state", file);
    run(0, "check", "touch-meets-munmap", "--explore", "exhaustive", "--state", file);

    assertThat(Files.readAllLines(state)).hasSize(4);
    String json = folder.resolve("all.json").toString();
    search("--state", file, "--json", json);
    assertThat(Files.readString(Path.of(json)))
        .contains("pin-meets-munmap", "touch-meets-munmap", "ldt-write-meets-write");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pagewright check 1 | pagewright check 7 | 1:1: no state of a check",
        "exhaustive         | 2 preemptions      | 2:1: searched with '2 preemptions'",
        "stopped            | paused             | 3:1: 'paused'; expected one of done, stopped",
        "stoppedTAB         | stopped            | 6 fields; expected 7 that tabs separate",
        "TAB2TAB            | TABtwoTAB          | 3:56: 'two'; expected a number",
        "every-order        | no-order           | no search is called no-order",
        "3,2,               | 3,x,               | expected a position",
        "' ('               | ' (0'              | 3:9: 'secretmem-neighbours, x86_64"
      })
  void check_damagedState_isReportedWithItsPlace(String from, String to, String expected)
      throws IOException {
    String[] arguments = {
      "check",
      "secretmem-neighbours",
      "--explore",
      "exhaustive",
      "--schedules",
      "2",
      "--state",
      state.toString()
    };
    run(0, arguments);
    String text = Files.readString(state);
    String old = from.replace("TAB", "\t");
    assertThat(text).contains(old);
    Files.writeString(state, text.replaceFirst(Pattern.quote(old), to.replace("TAB", "\t")));

    run(3, arguments);

    assertThat(err.toString()).contains("state.txt:").contains(expected);
  }

  @Test
  void check_failingRequestsInEachOrder_countsThem() {
    assertThat(run(0, "check", "secretmem-neighbours", "--faults", "--explore", "5"))
        .contains("54 schedules in - s (4 failing requests and 6 pairs, of each drawn");
  }

  @Test
  void check_scheduleOfAFailingRequest_isRunAndWrongOnesAreRefused() {
    assertThat(run(0, "check", "secretmem-neighbours", "--schedule", "fails:0.1:0"))
        .contains("the one that was given");

    run(3, "check", "secretmem-neighbours", "--schedule", "fails:5.1:0");
    assertThat(err.toString()).contains("'5.1' is no request; expected a CPU from 0 to 1");
  }
}
