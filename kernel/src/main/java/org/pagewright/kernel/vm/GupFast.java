package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * Pins the page behind a user address. Models {@code gup_fast()} and {@code
 * get_user_pages_unlocked()} (mm/gup.c, Linux 7.0).
 */
public class GupFast {
  /*
   * What Linux does: with interrupts off the tables are walked without any lock. Whoever frees a
   * table waits for such walkers: by an interrupt that they do not take, or by a grace period. A
   * reference is taken, and if the entries on the way have changed meanwhile it is given back: the
   * page may have become somebody else's. Otherwise, and for pages without a count (secret memory,
   * the zero page), the slow way is taken, with a fault.
   *
   * What this does otherwise: a pin that only reads makes the page the process's own where it may
   * be written, so that the zero page is never pinned.
   *
   * What is left out: pins that last (FOLL_LONGTERM), devices' pages, several pages at once.
   */

  /** No page could be pinned without locks. */
  public static final long NONE = PageAllocator.NONE;

  private static final int ROUNDS_MAX = 100;

  private final VmServices services;
  private final PageTables door;
  private final PteFormat format;

  /** Pins pages of one kernel. */
  public GupFast(VmServices services) {
    this.services = services;
    this.door = services.door();
    this.format = services.format();
  }

  /** Pins without locks: the frame, or {@link #NONE}. */
  public long pinFast(Cpu cpu, AddressSpace space, long va, boolean write) {
    long sequence = space.forkSequence();
    if ((sequence & 1) != 0) {
      return NONE;
    }
    cpu.disableInterrupts();
    long pfn = walk(cpu, space, va, write);
    if (pfn != NONE && space.forkSequence() != sequence) {
      services.frames().put(cpu, pfn);
      pfn = NONE;
    }
    if (pfn != NONE) {
      services.events().record(VmEvent.PINNED, cpu.id(), pfn, va, space.mm().contextId());
    }
    cpu.enableInterrupts();
    return pfn;
  }

  private long walk(Cpu cpu, AddressSpace space, long va, boolean write) {
    long tablePa = space.mm().kernelPgdPa();
    long aboveEntryPa = -1;
    long above = 0;
    for (int level = format.topLevel(); ; level--) {
      long entryPa = format.entryPa(tablePa, va, level);
      long entry = door.readEntry(cpu, entryPa);
      services
          .events()
          .record(TableEvent.FOUND, cpu.id(), tablePa >>> services.pageShift(), level, 0);
      if (format.isTable(entry, level) && level > 1) {
        aboveEntryPa = entryPa;
        above = entry;
        tablePa = format.pa(entry, level);
        continue;
      }
      if (!allows(entry, level, write)) {
        return NONE;
      }
      long inside = va & format.levelBytes(level) - 1;
      long pfn = services.pfn(entry, level) + (inside >>> services.pageShift());
      boolean isFrame = services.machine().memory().isRam(pfn << services.pageShift());
      if (!isFrame || !services.frames().tryGet(cpu, pfn)) {
        return NONE;
      }
      boolean isSame =
          isUnchanged(cpu, entryPa, entry)
              && (aboveEntryPa == -1 || isUnchanged(cpu, aboveEntryPa, above));
      if (!isSame) {
        services.frames().put(cpu, pfn);
        return NONE;
      }
      return pfn;
    }
  }

  private boolean allows(long entry, int level, boolean write) {
    if (!format.isPresent(entry, level)) {
      return false;
    }
    int rights = format.rights(entry, level);
    return (rights & Rights.USER_READ) != 0 && (!write || (rights & Rights.USER_WRITE) != 0);
  }

  /** Whether an entry on the way is what it was before the page was pinned. */
  protected boolean isUnchanged(Cpu cpu, long entryPa, long entry) {
    return door.readEntry(cpu, entryPa) == entry;
  }

  /** Gives a pin back. Models {@code unpin_user_page()}. */
  public void unpin(Cpu cpu, long pfn) {
    services.events().record(VmEvent.UNPINNED, cpu.id(), pfn, 0, 0);
    services.frames().put(cpu, pfn);
  }

  /**
   * Pins, with a fault where that is needed; may sleep.
   *
   * @return the frame, {@code -EFAULT} or {@code -ENOMEM}
   */
  long pin(Cpu cpu, AddressSpace space, PageFaults faults, long va, boolean write) {
    for (int round = 0; round < ROUNDS_MAX; round++) {
      long pfn = pinFast(cpu, space, va, write);
      if (pfn != NONE) {
        return pfn;
      }
      space.lock().acquireShared(cpu);
      Area area = space.areas().find(va);
      boolean isSecret = area != null && area.backing().isLocked();
      boolean unshares = area != null && area.isWritable();
      int access = write || unshares ? Access.WRITE : Access.READ;
      int error = isSecret ? -Errno.EFAULT : faults.handleLocked(cpu, space, va, access);
      space.lock().releaseShared(cpu);
      if (error != 0) {
        return error;
      }
    }
    return -Errno.EFAULT;
  }
}
