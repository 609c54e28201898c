package org.pagewright.kernel.vm;

import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.kernel.mm.Mm;

/**
 * The user half of an address space: its areas and what guards them. Models the fields {@code
 * mm_mt}, {@code mmap_lock}, {@code write_protect_seq} and {@code tlb_flush_batched} of {@code
 * struct mm_struct}.
 */
public final class AddressSpace {
  private static final LockClass MMAP_LOCK = new LockClass("mmap_lock");

  /** Keeps the identities of these locks apart from those of other locks of a process. */
  private static final int LOCKS = 1 << 28;

  private final Mm mm;
  private final int pageShift;
  private final Areas areas = new Areas();
  private final RwSemaphore lock;
  private long batchedFlushes;
  private long flushedBatches;
  private long forkSequence;
  private long lockedBytes;

  AddressSpace(Mm mm, int pageShift) {
    this.mm = mm;
    this.pageShift = pageShift;
    this.lock = new RwSemaphore(MMAP_LOCK, LOCKS | (int) mm.contextId());
  }

  /** The user half of {@code mm}; every address space that users can run in has one. */
  public static AddressSpace of(Mm mm) {
    Object part = mm.part(Mm.Part.VM);
    if (part == null) {
      throw new IllegalArgumentException(mm + " has no user half");
    }
    return (AddressSpace) part;
  }

  public Mm mm() {
    return mm;
  }

  public Areas areas() {
    return areas;
  }

  /** {@code mmap_lock}. */
  RwSemaphore lock() {
    return lock;
  }

  // ---- areas; all under the lock, held for writing

  /** Puts an area in, joined with its neighbours where they are alike. */
  void insert(Cpu cpu, Area area) {
    area.backing().open(cpu);
    area.allUsers().forEach(users -> users.awaitWalks(cpu));
    areas.add(area);
    register(area);
    if (area.backing().isLocked()) {
      lockedBytes += area.to() - area.from();
    }
  }

  /** Takes an area out of the list, so that nobody finds it by address. */
  void detach(Area area) {
    areas.remove(area);
    if (area.backing().isLocked()) {
      lockedBytes -= area.to() - area.from();
    }
  }

  /** Nobody finds the pages of a detached area through it any more: they are unmapped. */
  void unlink(Cpu cpu, Area area) {
    area.allUsers().forEach(users -> users.awaitWalks(cpu));
    PageUsers file = area.backing().users();
    PageUsers family = area.family();
    if (file != null) {
      file.remove(area);
    }
    if (family != null) {
      family.remove(area);
    }
  }

  private void register(Area area) {
    PageUsers file = area.backing().users();
    PageUsers family = area.family();
    if (file != null) {
      file.add(this, area);
    }
    if (family != null) {
      family.add(this, area);
    }
  }

  /** Makes areas begin and end at the borders of a range. Models {@code __split_vma()}. */
  void split(Cpu cpu, long from, long to) {
    splitAt(cpu, from);
    splitAt(cpu, to);
  }

  private void splitAt(Cpu cpu, long va) {
    Area area = areas.find(va);
    if (area != null && area.from() != va) {
      Area upper = area.at(va, area.to(), area.index(va, pageShift));
      long end = area.to();
      area.backing().open(cpu);
      area.allUsers().forEach(users -> users.awaitWalks(cpu));
      area.setTo(va);
      areas.add(upper);
      register(upper);
      assert end == upper.to();
    }
  }

  /**
   * Joins neighbours that are alike from {@code from} to {@code to}. Models {@code vma_merge()}.
   */
  void merge(Cpu cpu, long from, long to) {
    List<Area> candidates = areas.touching(from - 1, to + 1);
    for (int i = 1; i < candidates.size(); i++) {
      Area lower = candidates.get(i - 1);
      Area upper = candidates.get(i);
      if (lower.isContinuedBy(upper, pageShift)) {
        PageUsers family = upper.family();
        if (lower.family() == null && family != null) {
          lower.setFamily(family);
          family.add(this, lower);
        }
        unlink(cpu, upper);
        areas.remove(upper);
        lower.setTo(upper.to());
        upper.backing().close(cpu);
        candidates.set(i, lower);
      }
    }
  }

  /** Bytes that count against RLIMIT_MEMLOCK. */
  public long lockedBytes() {
    return lockedBytes;
  }

  // ---- pending flushes and forks

  /** Entries were cleared whose flush is still to come. */
  boolean hasBatchedFlush() {
    return batchedFlushes != flushedBatches;
  }

  long batchedFlushes() {
    return batchedFlushes;
  }

  /** An entry was cleared and will be flushed with others. */
  void addBatchedFlush() {
    batchedFlushes++;
  }

  /** Everything is flushed that was pending when {@code pending} was read. */
  void flushedBatches(long pending) {
    flushedBatches = Math.max(flushedBatches, pending);
  }

  /** Odd while a fork write-protects pages. Models {@code mm->write_protect_seq}. */
  long forkSequence() {
    return forkSequence;
  }

  void advanceForkSequence() {
    forkSequence++;
  }

  @Override
  public String toString() {
    return mm + " with " + areas.size() + " areas";
  }
}
