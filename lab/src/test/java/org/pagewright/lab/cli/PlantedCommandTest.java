package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.lab.report.TextTable;
import picocli.CommandLine;

/** What {@code planted} says of the bugs of {@link SmallGallery}. */
class PlantedCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    CommandLine line = Pagewright.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return Pagewright.execute(line, args);
  }

  @ParameterizedTest
  @CsvSource({
    "found-bug, 0, found by frame-ownership after 7 schedules",
    "missed-bug, 1, missed after 7 schedules",
    "bug-of-another-oracle, 1, unexpected: frame-ownership after 7 schedules",
    "bug-seen-without, 1, unexpected: frame-ownership after 7 schedules",
    "refuted-reading, 0, refuted after 7 schedules",
  })
  void planted_withAName_tellsHowItEndedAndFailsUnlessAsExpected(
      String name, int status, String told) {
    assertThat(run("planted", name)).isEqualTo(status);
    assertThat(out.toString()).startsWith(name + ": it does " + name + "\n").contains(told);
  }

  @Test
  void planted_withAName_tellsEveryStepAndTheViolationLastAndOnce() {
    run("planted", "found-bug");
    assertThat(out.toString())
        .endsWith(
            """
            CPU 0 did: take
            CPU 1 did: take 5
            +----------------+-------------+
            | CPU 0          | CPU 1       |
            +----------------+-------------+
            | gets frame 0x5 |             |
            |                | gets it too |
            +----------------+-------------+
            violated: frame-ownership, CPU 1: frame 0x5 twice
            """);
  }

  @ParameterizedTest
  @ValueSource(strings = {"exhaustive", "preemptions", "priorities", "50"})
  void planted_exploreAnyWay_findsTheBugAndCoversTheKernelWithoutIt(String how) {
    assertThat(run("planted", "lost-increment", "--explore", how)).isZero();
    assertThat(out.toString())
        .contains("found by cells after ", "\nwithout it: ", ", none failed\n")
        .contains("\nreplay: pagewright planted lost-increment --schedule '");
  }

  @Test
  void planted_scheduleThatAStoryPrinted_failsAgainAndOnlyWithTheBug() {
    run("planted", "lost-increment");
    String text = out.toString();
    String schedule = text.substring(text.indexOf("'") + 1, text.lastIndexOf("'"));
    out.getBuffer().setLength(0);

    assertThat(run("planted", "lost-increment", "--schedule", schedule)).isZero();
    assertThat(out.toString())
        .contains("found by cells after 1 schedule ")
        .contains("without it: 1 schedule (the one that was given), none failed");
  }

  @Test
  void planted_scheduleThatIsNone_saysSo() {
    assertThat(run("planted", "lost-increment", "--schedule", "0*x")).isEqualTo(3);
    assertThat(err.toString()).contains("lost-increment, --schedule: ");
  }

  @Test
  void planted_exploreOfABugWithoutOrders_saysSo() {
    assertThat(run("planted", "found-bug", "--explore", "exhaustive")).isEqualTo(3);
    assertThat(err.toString()).contains("found-bug is not looked for in orders of steps");
    assertThat(run("planted", "--explore", "exhaustive")).isEqualTo(3);
  }

  @Test
  void planted_withoutNames_drawsATableOfAllThatFitsATerminal() {
    assertThat(run("planted")).isEqualTo(1);
    assertThat(out.toString().lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(TextTable.WIDTH))
        .endsWith("3 of 6 as expected");
  }

  @Test
  void planted_json_holdsWhatTheTableSays() {
    run("planted", "found-bug", "--json", "-");
    assertThat(out.toString())
        .contains("\"name\": \"found-bug\"", "\"gallery\": 1", "\"result\": \"found\"")
        .contains("\"by\": \"frame-ownership\"", "\"schedules\": 7", "\"where\": \"0*3,1\"");
  }

  @Test
  void planted_ofAnUnknownName_suggestsTheNearest() {
    assertThat(run("planted", "fond-bug")).isEqualTo(3);
    assertThat(err.toString()).contains("no planted bug 'fond-bug'", "found-bug");
  }
}
