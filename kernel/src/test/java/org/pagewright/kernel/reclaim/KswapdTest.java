package org.pagewright.kernel.reclaim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.buddy.Zone;

class KswapdTest {
  private static final int CLUSTER = 32;

  private Machine machine;
  private Cpu cpu;
  private PageAllocator allocator;
  private Kswapd kswapd;

  /** Pages that reclaim may take back. */
  private final Deque<Long> cache = new ArrayDeque<>();

  private boolean sawActiveZone;

  @BeforeEach
  void boot() {
    MemoryMap map = MemoryMap.parse("16M-144M");
    machine = new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(map));
    cpu = machine.cpu(0);
    allocator = new PageAllocator(AllocatorConfig.of(map, 1, AllocatorRules.V7_0));
    allocator.handOver(16 << 8, 144 << 8);
    allocator.finishBoot();
    kswapd = new Kswapd(allocator, this::shrink);
  }

  @AfterEach
  void close() {
    allocator.close();
    machine.close();
  }

  private long shrink(Cpu on, int order) {
    sawActiveZone |= zone().isReclaimActive();
    long freed = 0;
    while (freed < CLUSTER && !cache.isEmpty()) {
      allocator.free(on, cache.poll(), 0);
      freed++;
    }
    return freed;
  }

  private Zone zone() {
    return allocator.zones().getFirst();
  }

  private void fill() {
    long pfn = allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE & ~Gfp.DIRECT_RECLAIM, 0);
    while (pfn != PageAllocator.NONE) {
      cache.push(pfn);
      pfn = allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE & ~Gfp.DIRECT_RECLAIM, 0);
    }
  }

  @Test
  void machineWithFreeMemory_wakesNobody() {
    allocator.allocate(cpu, Gfp.KERNEL, 0);

    assertThat(kswapd.isAwake(0)).isFalse();
    assertThat(kswapd.wakeups(0)).isZero();
  }

  @Test
  void requestsBelowTheLowMark_wakeTheNode_whichFreesUpToTheHighMark() {
    fill();
    assertThat(kswapd.isAwake(0)).isTrue();
    assertThat(allocator.meetsHighMark(zone(), 0, 1)).isFalse();

    long freed = kswapd.runAll(cpu);

    assertThat(freed).isPositive();
    assertThat(sawActiveZone).isTrue();
    assertThat(zone().isReclaimActive()).isFalse();
    assertThat(kswapd.isAwake(0)).isFalse();
    assertThat(AllocatorVerifier.firstBroken(allocator)).isNull();
  }

  @Test
  void requestThatMustNotWakeKswapd_doesNot() {
    fill();
    kswapd.runAll(cpu);
    final long before = kswapd.wakeups(0);

    allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE & ~Gfp.RECLAIM, 10);

    assertThat(kswapd.wakeups(0)).isEqualTo(before);
  }

  @Test
  void boost_isGoneAfterTheRunThatItAskedFor() {
    fill();
    kswapd.runAll(cpu);
    zone().setBoost(512);
    zone().setBoosted(true);
    cache.clear();

    kswapd.wake(0, 0, zone().kind());
    assertThat(kswapd.isAwake(0)).isTrue();
    kswapd.runAll(cpu);

    assertThat(zone().boost()).isZero();
  }

  @Test
  void nodeOfWhichNothingCanBeReclaimed_isLeftAloneInTheEnd() {
    fill();
    cache.clear();
    final long before = kswapd.wakeups(0);
    for (int i = 0; i < 20; i++) {
      kswapd.wake(0, 0, zone().kind());
      kswapd.runAll(cpu);
    }
    final long wakeups = kswapd.wakeups(0);

    kswapd.wake(0, 0, zone().kind());

    assertThat(kswapd.isAwake(0)).isFalse();
    assertThat(kswapd.wakeups(0)).isEqualTo(wakeups).isEqualTo(before + 16);
  }
}
