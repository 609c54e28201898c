package org.pagewright.kernel.tablelife;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.tablelife.TableConfig.LockStorage;

/**
 * Makes tables of pages, and pages of tables. Models {@code pagetable_pte_ctor()} and its like for
 * all levels, and {@code pagetable_dtor()} (include/linux/mm.h, Linux 6.16 and later).
 *
 * <p>A constructor gives the table a descriptor, a lock of its own where the configuration has one
 * and the owner is not the kernel, counts its pages, and lets hooks look at it. It may fail only
 * for want of a lock, or by a hook; then the page is freed plainly.
 */
public final class TableConstructors {
  /** A table's lock is held while the lock of a table below it is taken. */
  private static final LockClass LOCK =
      new LockClass("ptdesc.ptl", /* isNestable= */ true, Primitive.LOCK);

  private final EventLog events;
  private final TableConfig config;
  private final TableDescriptors descriptors;
  private final List<ConstructorHook> hooks = new ArrayList<>();
  private LockCache locks = LockCache.PLENTY;
  private long pages;
  private long constructed;
  private long destructed;
  private long locksMade;

  /**
   * Constructors of one kernel.
   *
   * @param frames frames that there are, counted from 0
   */
  public TableConstructors(EventLog events, TableConfig config, long frames) {
    this.events = events;
    this.config = config;
    this.descriptors = new TableDescriptors(frames);
  }

  public TableConfig config() {
    return config;
  }

  /** Adds a hook for every table from here on. */
  public void add(ConstructorHook hook) {
    hooks.add(hook);
  }

  /** Takes locks that do not fit a descriptor from another cache. */
  public void setLockCache(LockCache other) {
    locks = other;
  }

  /**
   * Makes 2^order pages a table.
   *
   * @return 0 or a negative error; after an error the pages are no table and are freed plainly
   */
  public int construct(Cpu cpu, long pfn, int level, int order, TableOwner owner) {
    if (descriptors.at(pfn) != null) {
      events.record(TableEvent.CONSTRUCTED_OVER, cpu.id(), pfn, level, 0);
    }
    boolean hasLock = config.makesLock(level, owner);
    boolean allocatesLock = hasLock && config.lockStorage() == LockStorage.ALLOCATED;
    if (allocatesLock && !locks.take(cpu)) {
      return -Errno.ENOMEM;
    }
    SpinLock lock = hasLock ? new SpinLock(LOCK, (int) pfn) : null;
    PageTableDescriptor table = new PageTableDescriptor(pfn, level, order, owner, lock);
    int error = callHooks(cpu, table);
    if (error != 0) {
      if (allocatesLock) {
        locks.give(cpu);
      }
      return error;
    }
    descriptors.set(pfn, table);
    pages += 1L << order;
    constructed++;
    if (hasLock) {
      locksMade++;
      events.record(TableEvent.LOCK_MADE, cpu.id(), pfn, level, allocatesLock ? 1 : 0);
    }
    events.record(TableEvent.CONSTRUCTED, cpu.id(), pfn, level, owner.context());
    events.record(TableEvent.PAGES_COUNTED, cpu.id(), pfn, order, pages);
    return 0;
  }

  private int callHooks(Cpu cpu, PageTableDescriptor table) {
    for (int i = 0; i < hooks.size(); i++) {
      int error = hooks.get(i).constructed(cpu, table);
      if (error != 0) {
        for (int done = i - 1; done >= 0; done--) {
          hooks.get(done).destructed(cpu, table);
        }
        return error;
      }
    }
    return 0;
  }

  /** Makes a table pages again. */
  public void destruct(Cpu cpu, long pfn) {
    PageTableDescriptor table = descriptors.at(pfn);
    if (table == null) {
      events.record(TableEvent.DESTRUCTED_RAW, cpu.id(), pfn, 0, 0);
      return;
    }
    // First of all, so that nobody takes what hooks undo for an attack on a table.
    events.record(TableEvent.DESTRUCTED, cpu.id(), pfn, table.level(), 1L << table.order());
    for (int i = hooks.size() - 1; i >= 0; i--) {
      hooks.get(i).destructed(cpu, table);
    }
    if (table.lock() != null && config.lockStorage() == LockStorage.ALLOCATED) {
      locks.give(cpu);
    }
    descriptors.set(pfn, null);
    pages -= 1L << table.order();
    events.record(TableEvent.PAGES_COUNTED, cpu.id(), pfn, ~table.order(), pages);
    destructed++;
  }

  /** The descriptor of the table that begins at a frame, or null without one. */
  public @Nullable PageTableDescriptor descriptor(long pfn) {
    return descriptors.at(pfn);
  }

  // ---- counters

  /** Pages of all constructed tables. Models {@code NR_PAGETABLE}. */
  public long pages() {
    return pages;
  }

  /** Constructions so far that succeeded. */
  public long constructed() {
    return constructed;
  }

  /** Destructions so far. */
  public long destructed() {
    return destructed;
  }

  /** Locks that were made for single tables so far. */
  public long locksMade() {
    return locksMade;
  }
}
