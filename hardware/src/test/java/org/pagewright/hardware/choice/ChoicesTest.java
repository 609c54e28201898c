package org.pagewright.hardware.choice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Tests of the sources of decisions. */
class ChoicesTest {
  @Nested
  class Seeded {
    @Test
    void pick_sameSeed_sameAnswers() {
      SeededChoices one = new SeededChoices(42);
      SeededChoices two = new SeededChoices(42);
      for (int i = 1; i < 1000; i++) {
        assertThat(one.pick(i, "x")).isEqualTo(two.pick(i, "x"));
      }
    }

    @Test
    void next_fixedSeed_isTheSameOnEveryJdk() {
      // Computed by another implementation: a change here breaks every recorded seed.
      SeededChoices choices = new SeededChoices(1);
      assertThat(List.of(choices.next(), choices.next()))
          .containsExactly(FIRST_OF_SEED_1, SECOND_OF_SEED_1);
    }

    private static final long FIRST_OF_SEED_1 = -4616330145664149646L;
    private static final long SECOND_OF_SEED_1 = 6869446166584666695L;

    @Test
    void pick_manyTimes_isNearlyUniform() {
      SeededChoices choices = new SeededChoices(7);
      int[] counts = new int[10];
      for (int i = 0; i < 100_000; i++) {
        counts[choices.pick(10, "x")]++;
      }
      for (int count : counts) {
        // Standard deviation is 95.
        assertThat(count).isBetween(9_500, 10_500);
      }
    }

    @Test
    void below_largeBound_reachesItsUpperHalf() {
      SeededChoices choices = new SeededChoices(3);
      long bound = 1L << 62;
      long largest = 0;
      for (int i = 0; i < 64; i++) {
        long value = choices.below(bound);
        assertThat(value).isBetween(0L, bound - 1);
        largest = Math.max(largest, value);
      }
      assertThat(largest).isGreaterThan(bound / 2);
    }

    @Test
    void split_afterUse_givesTheSameStreamByName() {
      SeededChoices fresh = new SeededChoices(9);
      SeededChoices used = new SeededChoices(9);
      used.pick(100, "x");
      assertThat(used.split("tlb").next()).isEqualTo(fresh.split("tlb").next());
      assertThat(fresh.split("tlb").next()).isNotEqualTo(fresh.split("lru").next());
    }
  }

  @Nested
  class Replayed {
    @Test
    void pick_recordedRun_repeatsIt() {
      RecordingChoices recording = new RecordingChoices(new SeededChoices(5));
      List<Integer> first = someRun(recording);
      List<Integer> again = someRun(ReplayChoices.parse(recording.text()));
      assertThat(again).isEqualTo(first);
    }

    @Test
    void pick_forcedQuestion_consumesNothing() {
      ReplayChoices replay = ReplayChoices.parse("1");
      assertThat(replay.pick(1, "forced")).isZero();
      assertThat(replay.pick(2, "free")).isEqualTo(1);
      assertThat(replay.isExhausted()).isTrue();
      assertThat(replay.pick(9, "beyond")).isZero();
    }

    @Test
    void pick_answerTooLarge_namesTheDecision() {
      ReplayChoices replay = ReplayChoices.parse("0,5");
      assertThat(replay.pick(2, "a")).isZero();
      assertThatThrownBy(() -> replay.pick(3, "next cpu"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("choice 2 is 5, but 'next cpu' has 3 alternatives");
    }

    @Test
    void format_runs_areCounted() {
      int[] answers = {1, 0, 0, 0, 2, 2};
      String text = ReplayChoices.format(answers);
      assertThat(text).isEqualTo("1,0*3,2*2");
      ReplayChoices replay = ReplayChoices.parse(text);
      for (int answer : answers) {
        assertThat(replay.pick(3, "x")).isEqualTo(answer);
      }
    }

    @Test
    void parse_nonsense_saysWhatIsExpected() {
      assertThatThrownBy(() -> ReplayChoices.parse("1,x,3"))
          .hasMessage("'x' is no choice; expected a number such as 3 or 3*12");
      assertThatThrownBy(() -> ReplayChoices.parse("1*99999999")).hasMessageContaining("more than");
    }

    private List<Integer> someRun(Choices choices) {
      List<Integer> answers = new ArrayList<>();
      for (int n = 1; n < 50; n++) {
        answers.add(choices.pick(n % 7 + 1, "x"));
      }
      return answers;
    }
  }

  @Nested
  class Exhaustive {
    @Test
    void next_twoDecisions_visitsEveryPairOnce() {
      ExhaustiveChoices choices = new ExhaustiveChoices();
      List<String> seen = new ArrayList<>();
      do {
        seen.add(choices.pick(2, "a") + "" + choices.pick(3, "b"));
      } while (choices.next());
      assertThat(seen).containsExactly("00", "01", "02", "10", "11", "12");
      assertThat(choices.runs()).isEqualTo(6);
    }

    @Test
    void next_decisionDependsOnEarlierOne_visitsOnlyWhatExists() {
      ExhaustiveChoices choices = new ExhaustiveChoices();
      List<String> seen = new ArrayList<>();
      do {
        seen.add(choices.flip("deep") ? "1" + choices.pick(2, "leaf") : "0");
      } while (choices.next());
      assertThat(seen).containsExactly("0", "10", "11");
    }

    @Test
    void pick_modelAsksSomethingElse_isReported() {
      ExhaustiveChoices choices = new ExhaustiveChoices();
      assertThat(choices.pick(2, "a")).isZero();
      assertThat(choices.next()).isTrue();
      assertThatThrownBy(() -> choices.pick(3, "b"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("not deterministic");
    }
  }

  @Nested
  class Coroutines {
    @Test
    void resume_twoCoroutines_interleaveAtTheirStops() {
      List<String> order = new ArrayList<>();
      Coroutine a = new Coroutine(() -> stops(order, "a"));
      Coroutine b = new Coroutine(() -> stops(order, "b"));
      a.resume();
      b.resume();
      a.resume();
      assertThat(a.isDone()).isTrue();
      assertThat(b.isDone()).isFalse();
      assertThat(order).containsExactly("a1", "b1", "a2");
    }

    @Test
    void resume_programThrows_comesOutAndEnds() {
      Coroutine coroutine =
          new Coroutine(() -> {
            throw new IllegalStateException("found");
          });
      assertThatThrownBy(coroutine::resume).hasMessage("found");
      assertThat(coroutine.isDone()).isTrue();
    }

    private void stops(List<String> order, String name) {
      order.add(name + 1);
      Coroutine.suspend();
      order.add(name + 2);
    }
  }

  @Test
  void pick_noAlternatives_isTheCallersMistake() {
    List<Choices> sources =
        List.of(
            Choices.first(),
            new SeededChoices(1),
            new ReplayChoices(new int[0]),
            new ExhaustiveChoices());
    for (Choices choices : sources) {
      assertThatThrownBy(() -> choices.pick(0, "nothing"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("nothing");
    }
  }
}
