package org.pagewright.check.explore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.schedule.DrawnOrders;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.Positions;
import org.pagewright.check.schedule.PriorityOrders;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.cpu.Cpu;

/** Every strategy finds an update that gets lost, makes it small, and can stop and go on. */
final class CellsTest {
  /** The counter; the next two cells count what each CPU added to it. */
  private static final int COUNTER = 0;

  private static final int OTHER = 3;

  private static long increment(Cells cells, Cpu cpu) {
    int mine = 1 + cpu.id();
    cells.store(cpu, COUNTER, cells.load(cpu, COUNTER) + 1);
    cells.store(cpu, mine, cells.load(cpu, mine) + 1);
    return 0;
  }

  private static Trial<Cells> racing(int increments) {
    Act<Cells> increment = Act.of("increment", CellsTest::increment);
    Act<Cells> look = Act.of("look", (cells, cpu) -> cells.load(cpu, OTHER));
    List<Act<Cells>> program =
        increments == 1 ? List.of(look, increment, look) : List.of(increment, increment, look);
    return new Trial<>(
        () -> new Cells(4, 2, cells -> cells[COUNTER] == cells[1] + cells[2]),
        List.of(program, program));
  }

  private static Trial<Cells> sound() {
    Act<Cells> look = Act.of("look", (cells, cpu) -> cells.load(cpu, COUNTER));
    Act<Cells> increment = Act.of("increment", CellsTest::increment);
    return new Trial<>(
        () -> new Cells(4, 2, cells -> cells[COUNTER] == 2),
        List.of(List.of(increment, increment), List.of(look, look, look)));
  }

  static Stream<Strategy> strategies() {
    return Stream.of(
        new EveryOrder(2),
        new FewPreemptions(1),
        new DrawnOrders(1000, 1),
        new PriorityOrders(2, 1000, 1));
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void search_updateThatMayGetLost_isFoundAndMadeSmall(Strategy strategy) {
    Failure failure =
        Objects.requireNonNull(new Explorer(racing(2)).search(strategy, () -> false).failure());

    assertThat(failure.programs()).isEqualTo(List.of(List.of("increment"), List.of("increment")));
    assertThat(failure.rows())
        .extracting(row -> row.cpu() + " " + row.what())
        .containsExactlyInAnyOrder(
            "0 reads cell 0", "0 writes cell 0", "1 reads cell 0", "1 writes cell 0");
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void search_soundProgram_isSilent(Strategy strategy) {
    Exploration result = new Explorer(sound()).search(strategy, () -> false);

    assertThat(result.failure()).isNull();
    assertThat(result.schedules()).isGreaterThan(5);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void search_stoppedAfterEachRun_goesOnFromItsPosition(Strategy strategy) {
    String start = strategy.position();
    long whole = new Explorer(sound()).search(strategy, () -> false).schedules();
    long pieces = 0;
    Strategy piece = Positions.parse(2, start);
    for (int i = 0; i < whole; i++) {
      int[] asked = {0};
      pieces += new Explorer(sound()).search(piece, () -> asked[0]++ == 1).schedules();
      piece = Positions.parse(2, piece.position());
    }

    assertThat(pieces).isEqualTo(whole);
    assertThat(new Explorer(sound()).search(piece, () -> false).schedules()).isZero();
  }

  @Test
  void parse_textThatIsNoPosition_isRefused() {
    for (String text :
        List.of("", "chance 1", "drawn 1 2", "drawn a b c", "every-order 1,2", "preemptions 1")) {
      assertThatThrownBy(() -> Positions.parse(2, text))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
