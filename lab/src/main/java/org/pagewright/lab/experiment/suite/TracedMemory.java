package org.pagewright.lab.experiment.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.lab.trace.TraceReplay;

/**
 * Free memory as a recorded trace leaves it: every free list in order, and every pageblock's type.
 *
 * <p>What lay on per-CPU lists counts as free; the recorded machine's other pages are in use. Those
 * that the trace shows being asked for as movable may move.
 */
final class TracedMemory {
  private static final int PAGE_SHIFT = 12;

  private static @Nullable Path lastTrace;
  private static @Nullable TracedMemory last;

  /** A zone with its free blocks, lists one after another: frame and order in one number. */
  private static final class TracedZone {
    final AllocatorConfig.Span span;
    final long managedPages;
    final long[] blocks;

    TracedZone(AllocatorConfig.Span span, long managedPages, long[] blocks) {
      this.span = span;
      this.managedPages = managedPages;
      this.blocks = blocks;
    }
  }

  private static final int ORDER_BITS = 4;

  private final List<TracedZone> zones = new ArrayList<>();

  /** Movable blocks in use: frame and order in one number. */
  private final long[] movable;

  private final byte[] blockTypes;
  private final long endPfn;

  private TracedMemory(PageAllocator after) {
    AllocatorRepairs state = new AllocatorRepairs(after);
    after.drainAll();
    long end = 0;
    for (Zone zone : after.zones()) {
      zones.add(tracedZone(zone, state));
      end = Math.max(end, zone.endPfn());
    }
    endPfn = end;
    movable = movable(state, end);
    blockTypes = new byte[(int) ((end >>> AllocatorConfig.BLOCK_ORDER) + 1)];
    for (int block = 0; block < end >>> AllocatorConfig.BLOCK_ORDER; block++) {
      int type = state.blockType((long) block << AllocatorConfig.BLOCK_ORDER);
      blockTypes[block] = (byte) (Migratetype.isMergeable(type) ? type : Migratetype.MOVABLE);
    }
  }

  /**
   * The memory that {@code trace} leaves; a trace is replayed once for all samples.
   *
   * @throws org.pagewright.lab.report.BadInput if the trace or a file beside it is no good
   */
  static synchronized TracedMemory after(Path trace) {
    TracedMemory known = last;
    if (known != null && trace.equals(lastTrace)) {
      return known;
    }
    try (PageAllocator state = TraceReplay.stateAfter(trace)) {
      TracedMemory made = new TracedMemory(state);
      last = made;
      lastTrace = trace;
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TracedZone tracedZone(Zone zone, AllocatorRepairs state) {
    long[] blocks = new long[16];
    int count = 0;
    for (int order = 0; order < Zone.ORDERS; order++) {
      for (int type = 0; type < Freetype.INDEXES; type++) {
        for (long pfn : state.freeList(zone.id(), order, type)) {
          blocks = count < blocks.length ? blocks : Arrays.copyOf(blocks, 2 * count);
          blocks[count++] = (pfn << ORDER_BITS) | order;
        }
      }
    }
    return new TracedZone(
        new AllocatorConfig.Span(zone.kind(), /* node= */ 0, zone.startPfn(), zone.endPfn()),
        zone.managedPages(),
        Arrays.copyOf(blocks, count));
  }

  private static long[] movable(AllocatorRepairs state, long end) {
    return LongStream.range(0, end)
        .filter(pfn -> state.movableOrder(pfn) >= 0)
        .map(pfn -> (pfn << ORDER_BITS) | state.movableOrder(pfn))
        .toArray();
  }

  /** RAM of a machine that holds it. */
  long bytes() {
    return endPfn << PAGE_SHIFT;
  }

  /** Free memory that the trace leaves. */
  long freeBytes() {
    long pages = 0;
    for (TracedZone zone : zones) {
      for (long block : zone.blocks) {
        pages += 1L << order(block);
      }
    }
    return pages << PAGE_SHIFT;
  }

  private static int order(long block) {
    return (int) (block & ((1 << ORDER_BITS) - 1));
  }

  /**
   * An allocator of {@code rules} with this memory free, but for what {@code kernel} took.
   *
   * @param users gets those blocks in use that may move
   */
  PageAllocator load(EarlyKernel kernel, AllocatorRules rules, MovableFrames users) {
    List<AllocatorConfig.Span> spans = zones.stream().map(zone -> zone.span).toList();
    PageAllocator allocator =
        new PageAllocator(
            new AllocatorConfig(
                rules,
                kernel.machine().cpus(),
                spans,
                AllocatorConfig.BLOCK_ORDER,
                AllocatorConfig.SMALLEST_PAGE_SHIFT,
                /* unmappedPool= */ true));
    AllocatorRepairs state = new AllocatorRepairs(allocator);
    for (int block = 0; block < blockTypes.length; block++) {
      state.setBlockType((long) block << AllocatorConfig.BLOCK_ORDER, blockTypes[block]);
    }
    for (int zone = 0; zone < zones.size(); zone++) {
      state.setManaged(zone, zones.get(zone).managedPages, zones.get(zone).managedPages);
    }
    allocator.finishBoot();
    BitSet unused = unused(kernel);
    for (int zone = 0; zone < zones.size(); zone++) {
      for (long block : zones.get(zone).blocks) {
        place(state, zone, block >>> ORDER_BITS, order(block), unused);
      }
    }
    for (long block : movable) {
      long pfn = block >>> ORDER_BITS;
      if (unused.nextClearBit((int) pfn) >= pfn + (1L << order(block))) {
        state.setMovable(pfn, order(block), /* isMovable= */ true);
        users.add(pfn);
      }
    }
    return allocator;
  }

  private static BitSet unused(EarlyKernel kernel) {
    BitSet unused = new BitSet();
    for (MemoryMap.Range range : kernel.memory().freeRanges()) {
      unused.set((int) (range.from() >>> PAGE_SHIFT), (int) (range.to() >>> PAGE_SHIFT));
    }
    return unused;
  }

  /** Places a block, or those halves of it that the simulated boot has left. */
  private void place(AllocatorRepairs state, int zone, long pfn, int order, BitSet unused) {
    int from = (int) pfn;
    int to = from + (1 << order);
    if (unused.nextClearBit(from) >= to) {
      int type = blockTypes[from >>> AllocatorConfig.BLOCK_ORDER];
      state.placeFree(zone, pfn, order, type);
      return;
    }
    int next = unused.nextSetBit(from);
    if (next >= 0 && next < to) {
      place(state, zone, pfn, order - 1, unused);
      place(state, zone, pfn + (1L << (order - 1)), order - 1, unused);
    }
  }
}
