package org.pagewright.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.pagewright.lab.trace.input.Companions;
import org.pagewright.lab.trace.input.EventBatch;
import org.pagewright.lab.trace.input.EventStream;
import org.pagewright.lab.trace.input.HiddenSteps;
import org.pagewright.lab.trace.input.RecordedState;
import org.pagewright.lab.trace.input.TraceReader;

/** The replay's reading of a trace, checked with the obvious allocator as its engine. */
class ReplayerTest {

  private static final class Run {
    final ReferenceAllocator allocator;
    final ReplayCounts counts;

    Run(boolean withHidden) throws IOException {
      Companions files = Companions.beside(RecordedTraces.sample());
      RecordedState start = Objects.requireNonNull(Companions.state(files.stateStart()));
      HiddenSteps hidden = withHidden ? Companions.hidden(files.hidden()) : null;
      PartingTable partings = new PartingTable();
      allocator = new ReferenceAllocator(start);
      HiddenStepper stepper =
          new HiddenStepper(
              allocator,
              hidden,
              Companions.snapshot(files.before()),
              HandOver.from(start),
              partings);
      Replayer replayer =
          new Replayer(
              allocator,
              new Replayer.Knowledge(true, withHidden, false, withHidden),
              start,
              stepper,
              partings);
      allocator.listener = replayer;
      try (EventStream events =
          new EventStream(TraceReader.open(RecordedTraces.sample(), GfpTable::bits))) {
        EventBatch batch = events.next();
        while (batch != null) {
          replayer.replay(batch);
          batch = events.next();
        }
      }
      replayer.finish();
      counts = replayer.counts();
    }
  }

  @Test
  void bootTrace_withStateAndHiddenSteps_isPredictedToTheLastFrame() throws IOException {
    Run run = new Run(/* withHidden= */ true);
    RecordedState end = Companions.state(Companions.beside(RecordedTraces.sample()).stateEnd());

    assertThat(run.counts.allocations).isEqualTo(62_611);
    assertThat(run.counts.predicted).isEqualTo(62_611);
    assertThat(run.counts.ourRefills).isEqualTo(run.counts.recordedRefills).isEqualTo(29_198);
    assertThat(run.counts.ourDrains).isEqualTo(run.counts.recordedDrains).isEqualTo(20_698);
    assertThat(run.counts.repairs).isEmpty();
    assertThat(run.allocator.differences(Objects.requireNonNull(end))).isEmpty();
  }

  @Test
  void bootTrace_withoutHiddenSteps_losesOnlyWhatTheyExplain() throws IOException {
    Run run = new Run(/* withHidden= */ false);

    assertThat((double) run.counts.predicted / run.counts.allocations).isGreaterThan(0.99);
    assertThat(run.counts.misses).containsOnlyKeys(MissCause.UNSEEN_EVENT);
  }
}
