package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.alloc.AllocatorConfig.Span;
import org.pagewright.kernel.buddy.ZoneKind;

/** Two nodes of 64 MiB with a CPU each. */
class NodesTest {
  private static final long NODE_PAGES = 64 << 8;
  private static final long START = 1L << 20;

  private PageAllocator allocator;

  @BeforeEach
  void boot() {
    allocator =
        new PageAllocator(
            new AllocatorConfig(
                AllocatorRules.V7_0,
                /* cpus= */ 2,
                List.of(
                    new Span(ZoneKind.NORMAL, /* node= */ 0, START, START + NODE_PAGES),
                    new Span(ZoneKind.NORMAL, 1, START + NODE_PAGES, START + 2 * NODE_PAGES)),
                AllocatorConfig.BLOCK_ORDER,
                AllocatorConfig.SMALLEST_PAGE_SHIFT,
                /* unmappedPool= */ true));
    allocator.handOver(START, START + 2 * NODE_PAGES);
    allocator.finishBoot();
  }

  @AfterEach
  void close() {
    allocator.close();
  }

  private static int node(long pfn) {
    return (int) ((pfn - START) / NODE_PAGES);
  }

  private long take(int cpu, int gfp, int place) {
    return allocator.allocate(cpu, gfp, 0, place);
  }

  @Test
  void request_beginsOnTheNodeOfItsCpu() {
    assertThat(node(take(0, Gfp.KERNEL, PageAllocator.ANY_ZONE))).isZero();
    assertThat(node(take(1, Gfp.KERNEL, PageAllocator.ANY_ZONE))).isEqualTo(1);
  }

  @Test
  void config_withNodes_cutsTheZonesOfAMachine() {
    AllocatorConfig one =
        AllocatorConfig.of(MemoryMap.parse("4K-2G,4G-8G"), 2, AllocatorRules.V7_0);

    AllocatorConfig two = one.withNodes(2);

    assertThat(two.zones())
        .containsExactly(
            new Span(ZoneKind.DMA, 0, 1, 1 << 12),
            new Span(ZoneKind.DMA32, 0, 1 << 12, 1 << 20),
            new Span(ZoneKind.NORMAL, 1, 1 << 20, 2 << 20));
    assertThat(one.withNodes(1)).isEqualTo(one);
  }

  @Test
  void request_ofAnotherNode_beginsThere() {
    assertThat(node(take(0, Gfp.KERNEL, PageAllocator.onNode(1)))).isEqualTo(1);
  }

  @Test
  void fullNode_isLeftForTheOtherUnlessTheRequestMustStay() {
    long pfn = take(0, Gfp.KERNEL | Gfp.THISNODE, PageAllocator.ANY_ZONE);
    int taken = 0;
    while (pfn != PageAllocator.NONE) {
      assertThat(node(pfn)).isZero();
      taken++;
      pfn = take(0, Gfp.KERNEL | Gfp.THISNODE, PageAllocator.ANY_ZONE);
    }

    assertThat(taken).isBetween((int) NODE_PAGES / 2, (int) NODE_PAGES);
    assertThat(node(take(0, Gfp.KERNEL, PageAllocator.ANY_ZONE))).isEqualTo(1);
  }

  @Test
  void nodeThatKswapdWorksOn_comesLast() {
    allocator.zones().getFirst().setReclaimActive(true);

    assertThat(node(take(0, Gfp.KERNEL, PageAllocator.ANY_ZONE))).isEqualTo(1);
    assertThat(node(take(0, Gfp.KERNEL | Gfp.THISNODE, PageAllocator.ANY_ZONE))).isZero();
  }
}
