package org.pagewright.faulty.mutation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.oracle.Violation;
import org.pagewright.lab.trace.ReplayOptions;
import org.pagewright.lab.trace.ReplayResult;
import org.pagewright.lab.trace.TraceReplay;

/**
 * The boot of a real kernel, of which every request, free and hidden step was recorded: Linux chose
 * each frame, so here no choice of a heuristic is as good as another one.
 */
final class RecordedBoot {
  /** What is broken when a frame, a step under a lock or the final state is another one. */
  static final String ORACLE = "frames-as-recorded";

  private static final String TRACE = "samples/traces/boot-1cpu-512m.trace.gz";

  private RecordedBoot() {}

  /** Replays it with the rules of its own version. */
  static List<Violation> replay() {
    Path trace = Targets.ofCheckout(TRACE);
    try (TraceReplay replay = TraceReplay.run(trace, ReplayOptions.DEFAULT)) {
      return violations(replay.result());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Violation> violations(ReplayResult result) {
    List<String> differences = new ArrayList<>();
    if (!result.isExact()) {
      differences.add(
          "%d of %d frames are the recorded ones, invariant %s, end state %s"
              .formatted(
                  result.predicted(),
                  result.predictable(),
                  result.brokenInvariant(),
                  result.endState()));
    }
    for (ReplayResult.Outcomes steps : List.of(result.refills(), result.drains())) {
      if (!Long.valueOf(0).equals(steps.different())) {
        differences.add(steps + " steps under the lock");
      }
    }
    if (!Long.valueOf(result.fallbacks().recorded()).equals(result.fallbacks().ours())) {
      differences.add(result.fallbacks() + " fallbacks");
    }
    return differences.stream().map(text -> new Violation(ORACLE, 0, text)).toList();
  }
}
