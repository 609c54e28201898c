package org.pagewright.kernel.compact;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.compact.CompactionResult.Ending;

/**
 * Makes large free blocks by moving what is in use together. Models {@code compact_zone_order()}
 * and the deferral of hopeless attempts (mm/compaction.c, 7.0).
 */
public final class Compaction {
  private static final int DEFER_SHIFT_MAX = 6;
  private static final int COSTLY_ORDER = 3;

  /** {@code sysctl_extfrag_threshold}: below it, what is missing is memory and not order. */
  private static final long FRAGMENTATION_MIN = 500;

  /** What a zone remembers of earlier attempts. Models fields of {@code struct zone}. */
  static final class ZoneMemory {
    long migratePfn;
    long freePfn;
    private int considered;
    private int deferShift;
    private int orderFailed;

    ZoneMemory(Zone zone) {
      reset(zone);
    }

    /** Lets both scanners begin at their ends. */
    void reset(Zone zone) {
      migratePfn = zone.startPfn();
      freePfn = zone.memmap().blockStart(zone.endPfn() - 1);
    }

    private boolean isDeferred(int order) {
      if (order < orderFailed || deferShift == 0) {
        return false;
      }
      return ++considered < 1 << deferShift;
    }

    private void noteFailure(int order) {
      considered = 0;
      deferShift = Math.min(deferShift + 1, DEFER_SHIFT_MAX);
      orderFailed = orderFailed == 0 ? order : Math.min(orderFailed, order);
    }

    private void noteSuccess(int order) {
      considered = 0;
      deferShift = 0;
      orderFailed = Math.max(orderFailed, order + 1);
    }
  }

  private final Buddy buddy;
  private final CompactionServices services;
  private final ZoneMemory[] memories;
  private FreePageIsolation isolation;
  private final List<PageMover> movers = new ArrayList<>();
  private long stalls;
  private long successes;
  private long failures;
  private long movedPages;
  private long refusedPages;

  public Compaction(
      Buddy buddy, List<Zone> zones, FreePageIsolation isolation, CompactionServices services) {
    this.buddy = buddy;
    this.services = services;
    this.isolation = isolation;
    this.memories = zones.stream().map(ZoneMemory::new).toArray(ZoneMemory[]::new);
  }

  public void setIsolation(FreePageIsolation isolation) {
    this.isolation = isolation;
  }

  /** Asks only this one from here on. */
  public void setMover(PageMover mover) {
    movers.clear();
    addMover(mover);
  }

  /** Asks this one, too, from here on. */
  public void addMover(PageMover mover) {
    if (!mover.equals(PageMover.NOBODY)) {
      movers.add(mover);
    }
  }

  /** Whether there is anybody who could move a page. */
  public boolean isPossible() {
    return !movers.isEmpty();
  }

  /** Attempts that a request waited for: {@code compact_stall}. */
  public long stalls() {
    return stalls;
  }

  /** Stalled requests that got a block: {@code compact_success}. */
  public long successes() {
    return successes;
  }

  /** Stalled requests that got none: {@code compact_fail}. */
  public long failures() {
    return failures;
  }

  /** Pages that were moved: {@code pgmigrate_success}. */
  public long movedPages() {
    return movedPages;
  }

  /** Pages that could not be moved: {@code pgmigrate_fail}. */
  public long refusedPages() {
    return refusedPages;
  }

  /** Counts an attempt that a request waited for. */
  public void noteStall(boolean isServed) {
    stalls++;
    if (isServed) {
      successes++;
    } else {
      failures++;
    }
  }

  /** Compacts a zone until a block of {@code order} is free, or captured, or nothing helps. */
  public CompactionResult compact(
      @Nullable Cpu cpu,
      int cpuId,
      Zone zone,
      int order,
      int freetype,
      CompactionPriority priority) {
    ZoneMemory memory = memory(zone);
    boolean isFull = priority == CompactionPriority.SYNC_FULL;
    if (!isFull && memory.isDeferred(order)) {
      return CompactionResult.of(Ending.DEFERRED);
    }
    if (!isSuitable(zone, order)) {
      return CompactionResult.of(Ending.SKIPPED);
    }
    if (isFull) {
      memory.reset(zone);
    }
    CompactionRun run = new CompactionRun(this, cpu, cpuId, zone, order, freetype, priority);
    CompactionResult result = run.run();
    if (result.ending() == Ending.SUCCESS) {
      memory.noteSuccess(order);
    } else if (priority != CompactionPriority.ASYNC) {
      memory.noteFailure(order);
    }
    return result;
  }

  /** Moves everything of a zone together. Models a write to {@code /proc/sys/vm/compact_memory}. */
  public CompactionResult compactAll(@Nullable Cpu cpu, int cpuId, Zone zone) {
    memory(zone).reset(zone);
    return new CompactionRun(
            this,
            cpu,
            cpuId,
            zone,
            CompactionRun.EVERYTHING,
            Freetype.of(Migratetype.UNMOVABLE, /* isUnmapped= */ false),
            CompactionPriority.SYNC_FULL)
        .run();
  }

  ZoneMemory memory(Zone zone) {
    return memories[zone.id()];
  }

  Buddy buddy() {
    return buddy;
  }

  CompactionServices services() {
    return services;
  }

  FreePageIsolation isolation() {
    return isolation;
  }

  /**
   * Takes a used block away from its users. Models {@code migrate_folio_unmap()}.
   *
   * @return who knows them, or null if nobody lets go
   */
  @Nullable PageMover detach(@Nullable Cpu cpu, long pfn, int order) {
    for (PageMover mover : movers) {
      if (mover.detach(cpu, pfn, order)) {
        return mover;
      }
    }
    refusedPages += 1L << order;
    return null;
  }

  /** Nobody's cached translations lead to what this CPU has detached. */
  void flush(@Nullable Cpu cpu) {
    for (PageMover mover : movers) {
      mover.flush(cpu);
    }
  }

  /**
   * Moves a block that was detached and flushed to free frames that were taken; false if somebody
   * holds on to it. Models {@code migrate_folio_move()}.
   */
  boolean finish(
      @Nullable Cpu cpu, int cpuId, PageMover mover, long fromPfn, long toPfn, int order) {
    Memmap memmap = buddy.memmap();
    services.copy(cpu, fromPfn, toPfn, order);
    if (!mover.transfer(cpu, fromPfn, toPfn, order)) {
      refusedPages += 1L << order;
      return false;
    }
    memmap.setUsed(toPfn, order, /* isMovable= */ true, memmap.notedType(fromPfn));
    services.moved(cpu, toPfn, order);
    mover.attach(cpu, fromPfn, toPfn, order);
    if (mover.release(cpu, fromPfn, order)) {
      services.free(cpu, cpuId, fromPfn, order);
    }
    movedPages += 1L << order;
    return true;
  }

  /**
   * Moves one used block to wherever an ordinary movable request leads; false if there is no memory
   * or its users hold on to it. Models {@code migrate_pages()} with {@code
   * alloc_migration_target()}.
   */
  public boolean moveAnywhere(@Nullable Cpu cpu, int cpuId, long pfn, int order) {
    long target = services.allocateTarget(cpuId, order);
    if (target == Memmap.NONE) {
      return false;
    }
    PageMover mover = detach(cpu, pfn, order);
    if (mover != null) {
      flush(cpu);
      if (finish(cpu, cpuId, mover, pfn, target, order)) {
        return true;
      }
    }
    services.free(/* cpu= */ null, cpuId, target, order);
    return false;
  }

  /** Models {@code compaction_suitable()}. */
  private boolean isSuitable(Zone zone, int order) {
    long gap = 2L << order;
    if (!services.hasFree(zone, gap, /* aboveLow= */ order > COSTLY_ORDER)) {
      return false;
    }
    if (order <= COSTLY_ORDER) {
      return true;
    }
    long index = fragmentationIndex(zone, order);
    return index < 0 || index > FRAGMENTATION_MIN;
  }

  /**
   * Why a request of an order would fail: towards 0 for want of memory, towards 1000 because it is
   * in pieces, -1000 when it would not. Models {@code __fragmentation_index()} (mm/vmstat.c).
   */
  static long fragmentationIndex(Zone zone, int order) {
    long blocks = 0;
    long pages = 0;
    for (int size = 0; size < Zone.ORDERS; size++) {
      long count = zone.freeBlocks()[size];
      if (size >= order && count > 0) {
        return -1000;
      }
      blocks += count;
      pages += count << size;
    }
    return blocks == 0 ? 0 : 1000 - (1000 + pages * 1000 / (1L << order)) / blocks;
  }
}
