package org.pagewright.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How many frames of recorded kernels the model's own allocator names. */
class TraceReplayTest {

  private static ReplayResult replay(Path trace, ReplayOptions options) throws IOException {
    try (TraceReplay replay = TraceReplay.run(trace, options)) {
      return replay.result();
    }
  }

  private static Path shared(String name) {
    Path trace = RecordedTraces.shared().resolve(name + ".trace.gz");
    assumeTrue(Files.exists(trace), "no " + trace);
    return trace;
  }

  private static double share(@Nullable Double share) {
    return share == null ? 0 : share;
  }

  @Test
  void sample_withItsCompanions_isPredictedToTheLastFrameAndTheEndState() throws IOException {
    ReplayResult result = replay(RecordedTraces.sample(), ReplayOptions.DEFAULT);

    assertThat(result.kernel()).isEqualTo("6.1");
    assertThat(result.allocations()).isEqualTo(62_611);
    assertThat(result.predicted()).isEqualTo(62_611);
    assertThat(result.refills()).isEqualTo(new ReplayResult.Outcomes(29_198, 29_198L, 0L));
    assertThat(result.drains()).isEqualTo(new ReplayResult.Outcomes(20_698, 20_698L, 0L));
    assertThat(result.endState()).isEqualTo(new ReplayResult.EndState(true, List.of()));
    assertThat(result.brokenInvariant()).isNull();
    assertThat(result.isExact()).isTrue();
  }

  @Test
  void sample_withoutHiddenSteps_losesOnlyWhatTheyExplain() throws IOException {
    ReplayResult result = replay(RecordedTraces.sample(), ReplayOptions.DEFAULT.withoutHidden());

    assertThat(share(result.shareOfAll())).isGreaterThan(0.99);
    assertThat(result.misses()).containsOnlyKeys(MissCause.UNSEEN_EVENT);
    assertThat(result.brokenInvariant()).isNull();
  }

  @Test
  void sample_underOtherRules_partsAndSaysWhere() throws IOException {
    ReplayResult result = replay(RecordedTraces.sample(), ReplayOptions.DEFAULT.withKernel("6.18"));

    assertThat(result.predicted()).isLessThan(result.allocations());
    assertThat(result.misses()).containsOnlyKeys(MissCause.OTHER_RULES);
    assertThat(result.partings()).containsKeys("frame handed out", "blocks of a drain");
    assertThat(result.partings().values()).allMatch(row -> row.firstLine() > 0);
    assertThat(result.drains().ours()).as("held back, not counted again").isLessThan(60_000);
    assertThat(result.brokenInvariant()).isNull();
  }

  @Test
  void sample_withoutAnyCompanion_stillReplaysToItsEnd() throws IOException {
    ReplayResult result =
        replay(RecordedTraces.sample(), ReplayOptions.DEFAULT.withoutState().withoutHidden());

    assertThat(result.isStartKnown()).isFalse();
    assertThat(result.events()).isEqualTo(208_875);
    assertThat(share(result.share())).isGreaterThan(0.99);
    assertThat(result.brokenInvariant()).isNull();
  }

  @ParameterizedTest
  @CsvSource({"boot-1cpu-512m, 0.999, true", "boot-2cpu-1024m, 0.999, false"})
  void bootTrace_withEverythingKnown_isPredicted(String name, double share, boolean isIdentical)
      throws IOException {
    ReplayResult result = replay(shared(name), ReplayOptions.DEFAULT);

    assertThat(share(result.shareOfAll())).isGreaterThanOrEqualTo(share);
    assertThat(result.brokenInvariant()).isNull();
    if (isIdentical) {
      assertThat(result.isExact()).isTrue();
    }
  }

  @Test
  void pressureTrace_isPredictedAndMoreSoWhenToldTheZone() throws IOException {
    Path trace = shared("pressure-1cpu-288m");
    ReplayResult free = replay(trace, ReplayOptions.DEFAULT);
    ReplayResult told = replay(trace, ReplayOptions.DEFAULT.withZoneTold());

    assertThat(share(free.shareOfAll())).isGreaterThanOrEqualTo(0.999);
    assertThat(share(told.shareOfAll())).isGreaterThanOrEqualTo(0.9999);
    assertThat(free.brokenInvariant()).isNull();
    assertThat(told.brokenInvariant()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dd-pagecache",
        "fork-exec",
        "gcc-compile",
        "java-program",
        "maven-build",
        "mmap-madvise",
        "python-alloc",
        "tar-gzip"
      })
  void liveTrace_whoseFramesWereFreedBefore_isPredicted(String name) throws IOException {
    ReplayResult result = replay(shared(name), ReplayOptions.DEFAULT);

    assertThat(result.kernel()).isEqualTo("6.18");
    assertThat(share(result.share())).isGreaterThanOrEqualTo(0.99);
    assertThat(result.brokenInvariant()).isNull();
  }
}
