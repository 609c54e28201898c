package org.pagewright.faulty;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.check.explore.OrderSearch;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretmemConfig;

/** Every planted bug is found by its oracle and no other; without it nobody speaks. */
final class PlantedBugsTest {
  static List<PlantedBug> bugs() {
    return PlantedBugs.all();
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void run_withTheBug_isFoundByItsOracleOnlyOrRefuted(PlantedBug bug) {
    List<Violation> found = bug.hunt(/* isPlanted= */ true, () -> false).violations();
    if (bug.status() == PlantedBug.Status.REFUTED) {
      assertThat(found).as(bug.name()).isEmpty();
      return;
    }
    assertThat(found)
        .as(bug.name())
        .isNotEmpty()
        .extracting(Violation::oracle)
        .containsOnly(bug.oracle());
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void run_withoutTheBug_isSilent(PlantedBug bug) {
    assertThat(bug.hunt(/* isPlanted= */ false, () -> false).violations()).as(bug.name()).isEmpty();
  }

  static List<PlantedBug> bugsOfOrders() {
    return bugs().stream()
        .filter(bug -> bug.search() instanceof OrderSearch<?>)
        .filter(bug -> bug.status() != PlantedBug.Status.REFUTED)
        .toList();
  }

  /** A reduction that loses orders would lose one of these: other searches find them. */
  @ParameterizedTest
  @MethodSource("bugsOfOrders")
  void search_inEveryOrderThatDiffers_findsWhatOtherSearchesFind(PlantedBug bug) {
    OrderSearch<?> search = (OrderSearch<?>) bug.search();
    List<Violation> found =
        search.by(EveryOrder::new).run(/* isPlanted= */ true, () -> false).violations();
    assertThat(found).extracting(Violation::oracle).containsOnly(bug.oracle());
  }

  @ParameterizedTest
  @EnumSource(SecretmemConfig.Backing.class)
  void soundKernel_secretFileOfAnyBackingInTwoProcesses_isSilent(SecretmemConfig.Backing backing) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      SecretPageCache file = new SecretPageCache(world.secretPages(), backing);
      Mm first = world.runPrepared(0);
      world.runPrepared(1);
      for (int index = 0; index < 8; index++) {
        assertThat(file.grab(world.cpu(index % 2), index)).isPositive();
      }
      file.truncate(world.cpu(0), 4);
      world.runKernelThread(0);
      world.processes().exit(world.cpu(1), first);
      file.truncate(world.cpu(1), 0);
      assertThat(world.inspect()).isEmpty();
    }
  }

  @Test
  void gallery_hasEachNumberAndNameOnce() {
    assertThat(bugs()).extracting(PlantedBug::gallery).doesNotHaveDuplicates().isSorted();
    assertThat(bugs()).extracting(PlantedBug::name).doesNotHaveDuplicates();
  }
}
