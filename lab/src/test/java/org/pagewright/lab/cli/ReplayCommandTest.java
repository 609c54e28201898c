package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import picocli.CommandLine;

/** The JSON document of a replay has what other programs were promised. */
class ReplayCommandTest {
  private static final Path SAMPLE = Path.of("..", "samples", "traces", "boot-1cpu-512m.trace.gz");

  private static Map<?, ?> traceOf(String... options) {
    StringWriter out = new StringWriter();
    CommandLine line = Pagewright.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(new StringWriter()));
    String[] arguments = {"replay", SAMPLE.toString(), "--predict", "--json=-"};
    int status = Pagewright.execute(line, concat(arguments, options));
    assertThat(status).isZero();
    Object document = new Load(LoadSettings.builder().build()).loadFromString(out.toString());
    return (Map<?, ?>) ((List<?>) member(document, "traces")).getFirst();
  }

  private static Object member(Object object, String name) {
    return Objects.requireNonNull(((Map<?, ?>) object).get(name), name);
  }

  private static String[] concat(String[] first, String[] second) {
    return Stream.concat(Stream.of(first), Stream.of(second)).toArray(String[]::new);
  }

  @Test
  void json_ofPrediction_hasEveryPromisedField() {
    Map<?, ?> trace = traceOf();

    assertThat(trace.keySet().stream().map(String::valueOf))
        .contains("file", "events", "allocations", "predictable", "predicted", "share", "misses")
        .contains("events_per_second");
    assertThat(trace.get("file")).isEqualTo(SAMPLE.toString());
    assertThat(trace.get("predicted")).isEqualTo(trace.get("allocations"));
    assertThat((int) member(trace, "events_per_second")).isPositive();
  }

  @Test
  void json_ofMisses_namesCausesAsTextDoes() {
    Map<?, ?> misses = (Map<?, ?>) member(traceOf("--no-hidden"), "misses");

    assertThat(misses.keySet().stream().map(String::valueOf)).contains("unseen-event");
  }
}
