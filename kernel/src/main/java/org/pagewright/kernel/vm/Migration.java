package org.pagewright.kernel.vm;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Mutex;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.compact.PageMover;

/**
 * Moves pages of users to other frames. Models {@code try_to_migrate()} (mm/rmap.c), {@code
 * migrate_folio()}, {@code remove_migration_ptes()} and {@code migration_entry_wait()}
 * (mm/migrate.c), Linux 7.0.
 */
public class Migration implements PageMover {
  /*
   * What Linux does: the page is locked and gets a reference of its own. Every entry that maps it
   * becomes a migration entry, which holds no reference, and one flush follows for all pages of a
   * batch. When nobody but the mover and the page cache has a reference, the page is copied, the
   * cache gets the new frame if that is still so, and each migration entry that is left becomes a
   * leaf again. A fault that meets one waits for the lock. A reference too many, as of a pin, and
   * everything becomes as it was.
   *
   * What is left out: blocks of several pages, more than one attempt per page, pages under
   * writeback, and whether a page had been used: it counts as used afterwards.
   */

  private final VmServices services;
  private final BatchedFlush flushes;

  /** What each CPU has to flush. Models {@code current->tlb_ubc}. */
  private final BatchedFlush.Batch[] batches;

  /** Locks of the pages on their way, by their old frames. */
  private final Map<Long, Mutex> locks = new HashMap<>();

  /** Moves pages of one kernel. */
  public Migration(VmServices services, BatchedFlush flushes) {
    this.services = services;
    this.flushes = flushes;
    this.batches = new BatchedFlush.Batch[services.machine().cpus()];
    for (int i = 0; i < batches.length; i++) {
      batches[i] = new BatchedFlush.Batch();
    }
  }

  /** Waits until a page has arrived, or stays; may sleep. */
  void await(Cpu cpu, long pfn) {
    Mutex lock = locks.get(pfn);
    if (lock != null) {
      lock.acquire(cpu);
      lock.release(cpu);
    }
  }

  /** The frame behind an address if it is one that may move, or a negative error. */
  long find(Cpu cpu, AddressSpace space, long va) {
    Frames frames = services.frames();
    long[] found = {-Errno.ENOENT};
    services.atEntry(
        cpu,
        space.mm(),
        va,
        (entryPa, entry) -> {
          UserEntry entries = services.entries();
          boolean isPage = !entries.isEmpty(entry, 1) && !entries.isMigration(entry, 1);
          if (isPage) {
            long pfn = services.pfn(entry, 1);
            boolean isFixed = frames.users(pfn) == null || frames.order(pfn) > 0;
            found[0] = isFixed ? -Errno.EBUSY : pfn;
            found[0] = pfn == services.zeroPfn() ? -Errno.EFAULT : found[0];
          }
          return isPage;
        });
    return found[0];
  }

  // ---- away from where it was

  @Override
  public final boolean detach(@Nullable Cpu cpu, long pfn, int order) {
    if (cpu == null || order > 0 || locks.containsKey(pfn)) {
      return false;
    }
    Mutex lock = new Mutex("folio_lock", Long.hashCode(pfn));
    locks.put(pfn, lock);
    lock.acquire(cpu);
    if (!services.frames().tryGet(cpu, pfn)) {
      unlock(cpu, pfn);
      return false;
    }
    if (mayMove(pfn)) {
      unmap(cpu, pfn);
      if (isOnlyOurs(cpu, pfn)) {
        return true;
      }
    }
    stay(cpu, pfn);
    return false;
  }

  /** Whether nobody holds the page who does not map it, as far as can be told without a lock. */
  private boolean mayMove(long pfn) {
    Frames frames = services.frames();
    PageUsers users = frames.users(pfn);
    return users != null
        && frames.order(pfn) == 0
        && frames.references(pfn) == frames.maps(pfn) + fixedReferences(users);
  }

  /** References of the mover and, for a file, of the page cache. */
  private static int fixedReferences(PageUsers users) {
    return users.file() == null ? 1 : 2;
  }

  private boolean isOnlyOurs(Cpu cpu, long pfn) {
    PageUsers users = services.frames().users(pfn);
    FilePages file = users == null ? null : users.file();
    boolean isCutOff = file != null && file.pfn(services.frames().index(pfn)) != pfn;
    return users != null
        && !isCutOff
        && services.frames().maps(pfn) == 0
        && hasOnly(services.frames().countReferences(cpu, pfn), fixedReferences(users));
  }

  /** Whether a page that nobody maps has the references that it must have, and no others. */
  protected boolean hasOnly(int references, int expected) {
    return references == expected;
  }

  /** Takes a page away from all who map it. Models {@code try_to_migrate()}. */
  private void unmap(Cpu cpu, long pfn) {
    forEachUser(cpu, pfn, (space, area, va) -> unmapOne(cpu, space, va, pfn));
  }

  private void unmapOne(Cpu cpu, AddressSpace space, long va, long pfn) {
    services.atEntry(
        cpu,
        space.mm(),
        va,
        (entryPa, entry) -> {
          UserEntry entries = services.entries();
          boolean isIt =
              !entries.isEmpty(entry, 1)
                  && !entries.isMigration(entry, 1)
                  && services.pfn(entry, 1) == pfn;
          if (isIt) {
            hide(cpu, entryPa, entry);
            flushes.add(batches[cpu.id()], space);
            services.frames().unmap(pfn);
            services.frames().put(cpu, pfn);
          }
          return isIt;
        });
  }

  /** Hardware may set bits until the last moment, and they count. */
  private void hide(Cpu cpu, long entryPa, long seen) {
    long expected = seen;
    while (true) {
      long hidden = services.entries().migration(expected, 1);
      long old = services.door().compareAndExchange(cpu, entryPa, expected, hidden);
      if (old == expected) {
        return;
      }
      expected = old;
    }
  }

  @Override
  public void flush(@Nullable Cpu cpu) {
    if (cpu != null) {
      flushes.flush(cpu, batches[cpu.id()]);
    }
  }

  // ---- to where it is from now on

  @Override
  public final boolean transfer(@Nullable Cpu cpu, long fromPfn, long toPfn, int order) {
    assert cpu != null : "nothing was detached";
    if (!isOnlyOurs(cpu, fromPfn)) {
      stay(cpu, fromPfn);
      return false;
    }
    Frames frames = services.frames();
    PageUsers users = frames.users(fromPfn);
    assert users != null : fromPfn;
    FilePages file = users.file();
    long index = frames.index(fromPfn);
    frames.transfer(fromPfn, toPfn, fixedReferences(users) - 1);
    if (file != null) {
      file.moved(index, toPfn);
    }
    services.events().record(VmEvent.MIGRATED, cpu.id(), fromPfn, toPfn, order);
    return true;
  }

  @Override
  public final void attach(@Nullable Cpu cpu, long fromPfn, long toPfn, int order) {
    assert cpu != null : "nothing was detached";
    restore(cpu, fromPfn, toPfn);
    services.frames().put(cpu, toPfn);
  }

  @Override
  public final boolean release(@Nullable Cpu cpu, long pfn, int order) {
    assert cpu != null : "nothing was detached";
    unlock(cpu, pfn);
    return services.frames().letGo(cpu, pfn);
  }

  /** The page stays where it is. */
  private void stay(Cpu cpu, long pfn) {
    restore(cpu, pfn, pfn);
    unlock(cpu, pfn);
    services.frames().put(cpu, pfn);
  }

  /** Models {@code remove_migration_ptes()}. */
  private void restore(Cpu cpu, long fromPfn, long toPfn) {
    forEachUser(
        cpu,
        toPfn,
        (space, area, va) ->
            services.atEntry(
                cpu,
                space.mm(),
                va,
                (entryPa, entry) -> {
                  boolean isIt =
                      services.entries().isMigration(entry, 1) && services.pfn(entry, 1) == fromPfn;
                  if (isIt) {
                    Area current = space.areas().find(va);
                    int access = (current == null ? area : current).access();
                    long pa = toPfn << services.pageShift();
                    services.frames().get(toPfn);
                    services.frames().map(toPfn);
                    services
                        .door()
                        .writeEntry(cpu, entryPa, services.entries().arrived(entry, 1, pa, access));
                    services.becamePresent(cpu, va);
                  }
                  return isIt;
                }));
  }

  private void unlock(Cpu cpu, long pfn) {
    Mutex lock = locks.remove(pfn);
    assert lock != null : pfn;
    lock.release(cpu);
  }

  // ---- who maps a page

  /** Looks at one place where a page may be mapped. */
  @FunctionalInterface
  private interface PlaceVisitor {
    void visit(AddressSpace space, Area area, long va);
  }

  /** Models {@code rmap_walk()}. */
  private void forEachUser(Cpu cpu, long pfn, PlaceVisitor visitor) {
    PageUsers users = services.frames().users(pfn);
    if (users == null) {
      return;
    }
    long index = services.frames().index(pfn);
    users.beginWalk(cpu);
    for (PageUsers.User user : users.ofPage(index, services.pageShift())) {
      visitor.visit(user.space(), user.area(), user.area().va(index, services.pageShift()));
    }
    users.endWalk();
  }
}
