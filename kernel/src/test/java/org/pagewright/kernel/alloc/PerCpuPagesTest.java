package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;

class PerCpuPagesTest {
  private static final int BLOCK_ORDER = 9;

  /** What the series' KUnit test of the pcp index expects. */
  @Test
  void index_ofEveryFreetypeAndOrder_isAListOfItsOwnAndLeadsBack() {
    Set<Integer> seen = new HashSet<>();
    for (int order : new int[] {0, 1, 2, 3, BLOCK_ORDER}) {
      for (int type = 0; type < Migratetype.PCP_TYPES; type++) {
        boolean sharesList = order == BLOCK_ORDER && type == Migratetype.RECLAIMABLE;
        checkIndex(Freetype.of(type, false), order, sharesList, seen);
      }
      checkIndex(Freetype.of(Migratetype.UNMOVABLE, true), order, false, seen);
    }
    assertThat(seen).hasSize(PerCpuPages.LISTS);
  }

  private static void checkIndex(int freetype, int order, boolean sharesList, Set<Integer> seen) {
    int index = PerCpuPages.index(freetype, order);
    assertThat(index).isBetween(0, PerCpuPages.LISTS - 1);
    assertThat(PerCpuPages.order(index, BLOCK_ORDER)).isEqualTo(order);
    assertThat(seen.add(index)).as("list %d, order %d", index, order).isEqualTo(!sharesList);
  }
}
