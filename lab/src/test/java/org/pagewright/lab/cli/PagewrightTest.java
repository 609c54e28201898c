package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.lab.report.BadInput;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class PagewrightTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** A command that ends as the test says, with the common options of all commands. */
  @Command(name = "ends")
  private static final class EndsCommand implements Callable<Integer> {
    private final Callable<Integer> body;

    @Mixin private final CommonOptions common = new CommonOptions();

    EndsCommand(Callable<Integer> body) {
      this.body = body;
    }

    @Override
    public Integer call() throws Exception {
      common.out().println("seed " + common.seed());
      return body.call();
    }
  }

  private int run(CommandLine line, String... args) {
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return Pagewright.execute(line, args);
  }

  private int run(String... args) {
    return run(Pagewright.commandLine(), args);
  }

  private int end(Callable<Integer> body, String... options) {
    CommandLine line = Pagewright.commandLine().addSubcommand(new EndsCommand(body));
    Failures failures = new Failures();
    line.setExecutionExceptionHandler(failures).setParameterExceptionHandler(failures);
    return run(line, Stream.concat(Stream.of("ends"), Stream.of(options)).toArray(String[]::new));
  }

  static List<List<String>> everyCommand() {
    List<List<String>> paths = new ArrayList<>(List.of(List.of()));
    collect(Pagewright.commandLine(), List.of(), paths);
    return paths;
  }

  private static void collect(CommandLine line, List<String> path, List<List<String>> paths) {
    line.getSubcommands()
        .forEach((name, sub) -> {
          List<String> longer = Stream.concat(path.stream(), Stream.of(name)).toList();
          paths.add(longer);
          collect(sub, longer, paths);
        });
  }

  @Nested
  class Help {
    @ParameterizedTest
    @MethodSource("org.pagewright.lab.cli.PagewrightTest#everyCommand")
    void help_ofEveryCommand_hasAnExampleAndSucceeds(List<String> path) {
      int status = run(Stream.concat(path.stream(), Stream.of("--help")).toArray(String[]::new));

      assertThat(status).isZero();
      assertThat(out.toString()).contains("Usage: pagewright", "Example").doesNotContain("%n");
      assertThat(err.toString()).isEmpty();
    }

    @Test
    void commands_ofTheDesign_areAllThere() {
      assertThat(Pagewright.commandLine().getSubcommands().keySet())
          .contains(
              "run", "replay", "check", "planted", "mutate", "image", "show", "list", "test",
              "help");
    }

    @Test
    void help_ofEveryTopic_printsIt() {
      for (HelpTopic topic : HelpTopic.all()) {
        assertThat(run("help", topic.name())).isZero();
        assertThat(out.toString()).endsWith(topic.text());
      }
    }

    @Test
    void help_ofACommand_printsThatCommandsUsage() {
      assertThat(run("help", "replay")).isZero();
      assertThat(out.toString()).contains("Usage: pagewright replay");
    }
  }

  @Nested
  class WrongUsage {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "bogus",
          "run",
          "run x --bogus",
          "help bogus",
          "list",
          "list bogus",
          "check --all secretmem-neighbours",
          "check secretmem-neighbours --seconds 0",
          "check secretmem-neighbours --schedules -5",
          "check secretmem-neighbours --preemptions -1",
          "check secretmem-neighbours --explore 0",
          "check secretmem-neighbours --faults --schedule 0",
          "planted --seconds 0",
          "mutate --jobs 0",
          "mutate --mutants 1000000001"
        })
    void usage_thatIsWrong_saysSoInOneLineAndExits2(String args) {
      assertThat(run(args.isEmpty() ? new String[0] : args.split(" ", -1))).isEqualTo(2);
      assertThat(out.toString()).isEmpty();
      assertThat(err.toString().lines().toList()).hasSize(2).last().asString().contains("--help");
    }

    @Test
    void seed_thatIsNoNumber_saysWhatWasExpected() {
      assertThat(run("run", "populate", "--seed", "0xg")).isEqualTo(2);
      assertThat(err.toString()).contains("'0xg' is no seed; expected a 64-bit number");
    }
  }

  @Nested
  class Endings {
    @Test
    void badInput_isOneLineAndExits3() {
      int status =
          end(() -> {
            throw new BadInput("m.yaml", 3, 7, "order is 40", "0 to 10");
          });

      assertThat(status).isEqualTo(3);
      assertThat(err.toString())
          .isEqualTo("pagewright: m.yaml:3:7: order is 40; expected 0 to 10\n");
    }

    @Test
    void folder_thatIsMissing_isToldBeforeAnythingRuns() {
      assertThat(run("check", "secretmem-neighbours", "--json", "no/such/a.json")).isEqualTo(3);
      assertThat(out.toString()).isEmpty();
      assertThat(err.toString()).contains("no/such/a.json: cannot be written");
    }

    @Test
    void file_thatIsMissing_isNamedAndExits3() {
      assertThat(
              end(() -> {
                throw new NoSuchFileException("t.txt");
              }))
          .isEqualTo(3);
      assertThat(err.toString()).contains("t.txt: no such file").hasLineCount(1);
    }

    @Test
    void file_thatIsMissingAndWrapped_isNamedAndExits3() {
      assertThat(
              end(() -> {
                throw new UncheckedIOException(new NoSuchFileException("t.txt"));
              }))
          .isEqualTo(3);
      assertThat(err.toString()).contains("t.txt: no such file");
    }

    @Test
    void ourBug_saysHowToReportWithoutTraceAndExits4() {
      assertThat(
              end(() -> {
                throw new IllegalStateException("odd");
              }))
          .isEqualTo(4);
      assertThat(err.toString()).contains("IllegalStateException: odd", "Please report");
      assertThat(err.toString()).contains("pagewright ends").doesNotContain("\tat ");
    }

    @Test
    void failedAssertion_isOurBug() {
      assertThat(
              end(() -> {
                throw new AssertionError("odd");
              }))
          .isEqualTo(4);
      assertThat(err.toString()).contains("AssertionError: odd", "Please report");
    }

    @Test
    void ourBug_underDebug_printsTheTrace() {
      assertThat(
              end(
                  () -> {
                    throw new IllegalStateException("odd");
                  },
                  "--debug"))
          .isEqualTo(4);
      assertThat(err.toString()).contains("\tat ");
    }

    @Test
    void readerThatGoesAway_endsQuietly() {
      IOException broken = new IOException("Broken pipe");

      assertThat(
              end(() -> {
                throw new StandardOutput.ReaderGone(broken);
              }))
          .isZero();
      assertThat(err.toString()).isEmpty();
    }

    @Test
    void status_ofTheCommand_isTheExitStatus() {
      assertThat(end(() -> ExitStatus.FOUND)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"42, 42", "0x2a, 42", "-1, -1", "0xffffffffffffffff, -1"})
  void seed_decimalOrHex_isRead(String text, long seed) {
    assertThat(end(() -> 0, "--seed", text)).isZero();
    assertThat(out.toString()).isEqualTo("seed " + seed + "\n");
  }

  @Test
  void version_namesProgramAndJava() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).containsPattern("pagewright \\d+\\.\\d+").contains("java ");
  }
}
