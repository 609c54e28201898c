package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who hears what, in which order. */
final class EventLogTest {
  private final EventLog log = new EventLog();
  private final List<String> heard = new ArrayList<>();

  /** Notes what it hears under its name. */
  private record Named(String name, EventLog.Kinds kinds, List<String> heard)
      implements EventLog.Reader {
    @Override
    public void event(int kind, int cpu, long a, long b, long c) {
      heard.add(name + " " + kind);
    }
  }

  private Named reader(String name, int... kinds) {
    return new Named(name, EventLog.Kinds.of(kinds), heard);
  }

  private void record(int... kinds) {
    for (int kind : kinds) {
      log.record(kind, 0, 0, 0, 0);
    }
    log.drain();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readers_ofSomeKinds_hearThoseAloneInOrderOfAttachment(boolean atOnce) {
    log.drainAtOnce(atOnce);
    log.attach(reader("first", 101, 105));
    log.attach((kind, cpu, a, b, c) -> heard.add("all " + kind));
    log.attach(reader("last", 101, EventLog.KINDS - 1));
    record(101, 2, 105, EventLog.KINDS - 1);
    assertThat(heard)
        .containsExactly(
            "first 101",
            "all 101",
            "last 101",
            "all 2",
            "first 105",
            "all 105",
            "all 511",
            "last 511");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readers_thatComeAndGo_hearWhatIsRecordedMeanwhile(boolean atOnce) {
    log.drainAtOnce(atOnce);
    Named first = reader("first", 1);
    Named second = reader("second", 1, 2);
    log.attach(first);
    record(1, 2);
    log.attach(second);
    record(1, 2);
    log.detach(first);
    record(1, 2);
    log.detach(second);
    record(1, 2);
    assertThat(heard)
        .containsExactly("first 1", "first 1", "second 1", "second 2", "second 1", "second 2");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void position_ofEventsThatNobodyHears_countsThemToo(boolean atOnce) {
    log.drainAtOnce(atOnce);
    record(1);
    log.attach(reader("deaf"));
    record(1, 2, 3);
    assertThat(log.position()).isEqualTo(3);
    assertThat(heard).isEmpty();
  }

  @Test
  void kinds_outOfRange_areRefused() {
    assertThatThrownBy(() -> EventLog.Kinds.of(EventLog.KINDS))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> EventLog.Kinds.of(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void kinds_ofTwoSets_areThoseOfEither() {
    EventLog.Kinds both = EventLog.Kinds.of(7, 3).and(EventLog.Kinds.of(5, 3));
    assertThat(both.and(EventLog.Kinds.NONE)).hasToString("[3, 5, 7]");
  }
}
