package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.compact.PageReporting;

/** Each decision of the allocator that stands in a place of its own. */
class AllocatorDecisionsTest {
  private static final String MEMORY = "16M-144M";
  private static final int BLOCK_PAGES = 512;

  private Machine machine;
  private Cpu cpu;
  private PageAllocator allocator;
  private final BitSet absent = new BitSet();
  private int error;

  /** A direct map that refuses when told to. */
  private final class Map implements BlockConversion {
    @Override
    public boolean isPossible() {
      return true;
    }

    @Override
    public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
      if (error == 0) {
        absent.set((int) pfn, (int) pfn + (1 << order), unmaps);
      }
      return error;
    }
  }

  @BeforeEach
  void boot() {
    MemoryMap map = MemoryMap.parse(MEMORY);
    machine =
        new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(map).withCpus(2));
    cpu = machine.cpu(0);
    allocator = new PageAllocator(AllocatorConfig.of(map, 2, AllocatorRules.V7_0));
    allocator.handOver(16 << 8, 144 << 8);
    allocator.finishBoot();
    allocator.setConversion(new Map());
  }

  @AfterEach
  void close() {
    allocator.close();
    machine.close();
  }

  private long takeUnmapped() {
    return allocator.allocate(cpu, Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
  }

  private void checkInvariants() {
    assertThat(AllocatorVerifier.firstBroken(allocator, pfn -> !absent.get((int) pfn))).isNull();
  }

  /** Every frame unmapped once, then all of them free. */
  private void unmapEverything() {
    List<Long> held = new ArrayList<>();
    long pfn = takeUnmapped();
    while (pfn != PageAllocator.NONE) {
      held.add(pfn);
      pfn = takeUnmapped();
    }
    assertThat(held).hasSizeGreaterThan(50 * BLOCK_PAGES);
    held.forEach(taken -> allocator.free(cpu, taken, 0));
    allocator.drainAll();
  }

  @Nested
  class Conversion {
    private List<ExecutionRule> rulesBrokenBy(Runnable work) {
      List<ExecutionRule> broken = new ArrayList<>();
      EventLog.Reader reader =
          (kind, id, a, b, c) -> {
            if (kind == HardwareEvent.CONTEXT_RULE) {
              broken.add(ExecutionRule.of(a));
            }
          };
      machine.events().attach(reader);
      work.run();
      machine.events().drain();
      return broken;
    }

    @Test
    void blockThatCannotBeConverted_goesBackAsWhatItWas() {
      final long free = allocator.freePages();
      error = -12;

      assertThat(rulesBrokenBy(() -> assertThat(takeUnmapped()).isEqualTo(PageAllocator.NONE)))
          .isEmpty();
      assertThat(allocator.freePages()).isEqualTo(free);
      checkInvariants();
    }

    @Test
    void putBack_withoutTheLock_isReported() {
      error = -12;
      allocator.setPageblockConversion(
          new PageblockConversion(allocator.parts()) {
            @Override
            protected void putBack(Cpu cpu, Zone zone, long pfn, int order, int freetype) {
              free(cpu, zone, pfn, order, freetype);
            }
          });

      assertThat(rulesBrokenBy(() -> takeUnmapped())).containsOnly(ExecutionRule.LOCK_REQUIRED);
    }

    @Test
    void movableRequest_whenAllIsUnmapped_failsInTheSeriesAndNeedNot() {
      unmapEverything();

      assertThat(allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE, 9)).isEqualTo(PageAllocator.NONE);

      allocator.setPageblockConversion(
          new PageblockConversion(allocator.parts()) {
            @Override
            protected int source(int freetype) {
              return unmappedSource(freetype);
            }
          });

      long pfn = allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE, 0);
      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      assertThat(absent.get((int) pfn)).isFalse();
      assertThat(allocator.blockFreetype(pfn)).isEqualTo(Migratetype.MOVABLE);
      checkInvariants();
    }
  }

  @Nested
  class Flags {
    private final RequestFlags flags =
        new RequestFlags(AllocatorConfig.of(MemoryMap.parse(MEMORY), 1, AllocatorRules.V7_0));

    @Test
    void laterAttempt_keepsWhatTheCallerPassedAndNoMark() {
      int first = flags.fast(Gfp.KERNEL, Migratetype.UNMOVABLE, true) | AllocFlags.UNMAPPED;

      int later =
          flags.afterFirst(Gfp.KERNEL, 0, Migratetype.UNMOVABLE, first, AllocFlags.UNMAPPED);

      assertThat(first & AllocFlags.WMARK_MASK).isEqualTo(AllocFlags.WMARK_LOW);
      assertThat(first & AllocFlags.NOFRAGMENT).isNotZero();
      assertThat(later).isEqualTo(AllocFlags.WMARK_MIN | AllocFlags.KSWAPD | AllocFlags.UNMAPPED);
    }

    @Test
    void attemptWithReserves_stillCannotBlock() {
      int slow = flags.slow(Gfp.ATOMIC, 0, Migratetype.UNMOVABLE);

      int granted = flags.withReserves(AllocFlags.NO_WATERMARKS, slow, 0);

      assertThat(granted)
          .isEqualTo(AllocFlags.NO_WATERMARKS | AllocFlags.KSWAPD | AllocFlags.NOBLOCK);
    }

    @Test
    void taskThatFreesMemory_mayUseTheLastPages() {
      int taken = 0;
      while (allocator.allocate(cpu, Gfp.KERNEL, 0) != PageAllocator.NONE) {
        taken++;
      }
      assertThat(taken).isPositive();
      assertThat(allocator.freePages()).isPositive();

      allocator.setTaskReserves(task -> AllocFlags.NO_WATERMARKS);

      assertThat(allocator.allocate(cpu, Gfp.KERNEL, 0)).isNotEqualTo(PageAllocator.NONE);
      assertThat(allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOMEMALLOC, 0))
          .isEqualTo(PageAllocator.NONE);
    }
  }

  @Nested
  class OutOfMemory {
    private final List<Long> held = new ArrayList<>();

    private int killed;

    private void fill() {
      long pfn = allocator.allocate(cpu, Gfp.ATOMIC, 0);
      while (pfn != PageAllocator.NONE) {
        held.add(pfn);
        pfn = allocator.allocate(cpu, Gfp.ATOMIC, 0);
      }
      allocator.setReclaim(
          new PageAllocator.Reclaim() {
            @Override
            public long reclaim(Cpu on, int order) {
              return 0;
            }

            @Override
            public boolean kill(Cpu on) {
              killed++;
              List<Long> victim = held.subList(0, held.size() / 2);
              victim.forEach(pfn -> allocator.free(on, pfn, 0));
              victim.clear();
              return true;
            }
          });
    }

    @Test
    void ordinaryRequest_getsWhatAVictimGaveUp() {
      fill();

      assertThat(allocator.allocate(cpu, Gfp.KERNEL, 0)).isNotEqualTo(PageAllocator.NONE);
      assertThat(killed).isEqualTo(1);
      checkInvariants();
    }

    @ParameterizedTest
    @ValueSource(ints = {Gfp.NORETRY, Gfp.RETRY_MAYFAIL, Gfp.THISNODE})
    void requestThatMayFail_failsInstead(int flag) {
      fill();

      assertThat(allocator.allocate(cpu, Gfp.KERNEL | flag, 0)).isEqualTo(PageAllocator.NONE);
      assertThat(allocator.allocate(cpu, Gfp.KERNEL, 9)).isEqualTo(PageAllocator.NONE);
      assertThat(killed).isZero();
    }

    @Test
    void requestThatMustNotFail_getsTheLastPages() {
      fill();

      assertThat(allocator.allocate(cpu, Gfp.NOIO | Gfp.NOFAIL, 0))
          .isNotEqualTo(PageAllocator.NONE);
      assertThat(killed).isZero();
    }
  }

  @Nested
  class Reporting {
    @Test
    void freeBlocks_areReportedOnceUntilSomebodyHadThem() {
      long[] told = new long[1];
      PageReporting reporting = allocator.reporting((on, pfn, order) -> told[0] += 1L << order);
      final long free = allocator.freePages();

      assertThat(reporting.reportAll(cpu)).isEqualTo(free).isEqualTo(told[0]);
      assertThat(reporting.reportAll(cpu)).isZero();
      assertThat(allocator.freePages()).isEqualTo(free);
      checkInvariants();

      long pfn = allocator.allocate(cpu, Gfp.KERNEL, 10);
      allocator.free(cpu, pfn, 10);
      assertThat(reporting.reportAll(cpu)).isEqualTo(1024);
    }

    @Test
    void unmappedBlock_staysUnmovable() {
      unmapEverything();
      long unmapped = allocator.freeUnmappedPages();

      allocator.reporting((on, pfn, order) -> {}).reportAll(cpu);

      assertThat(allocator.freeUnmappedPages()).isEqualTo(unmapped).isPositive();
      checkInvariants();
    }
  }

  @Test
  void debuggingHooks_doNotTouchUnmappedPages() {
    List<Long> touched = new ArrayList<>();
    allocator.setDebugging(
        new PageDebugging(
            allocator.parts(),
            new PageDebugging.Options(true, false, true),
            (on, pfn, order, pattern) -> touched.add(pfn)));

    long mapped = allocator.allocate(cpu, Gfp.KERNEL, 0);
    long unmapped = takeUnmapped();
    allocator.free(cpu, mapped, 0);
    allocator.free(cpu, unmapped, 0);

    assertThat(touched).containsExactly(mapped, mapped);
  }
}
