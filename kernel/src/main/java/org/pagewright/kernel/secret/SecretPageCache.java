package org.pagewright.kernel.secret;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.Task;

/**
 * Pages of one file that the direct map does not cover. Models the {@code AS_NO_DIRECT_MAP} parts
 * of {@code mm/filemap.c} ("mm: Add __GFP_UNMAPPED" v3 and v4), and of {@code mm/secretmem.c}
 * before them (Linux 7.0), as ways to add and to remove a page.
 */
public class SecretPageCache {
  /*
   * add      REMOVE_EACH  allocate zeroed | remove | insert | flush
   *          POOLED       allocate zeroed and unmapped | insert
   *          CACHE_SLOW   allocate | clear | remove and flush | insert
   *          CACHE_FAST   allocate unmapped | prepare the mermap | clear through it, mark | insert
   *
   * remove   REMOVE_EACH, CACHE_SLOW   take out | restore | clear | free
   *          POOLED                    clear through the mermap | flush it | take out | free
   *          CACHE_FAST                flush the mermap if marked | take out | free
   *
   * Whoever loses the race for an index undoes its work: restore first, free then (6f86d0534fdd).
   */

  private final SecretPages pages;
  private final SecretmemConfig.Backing backing;
  private final FileMapping mapping;
  private final CostLedger ledger;
  private final int file;
  private final List<Mm> staleIn = new ArrayList<>();

  /** An empty file with pages from {@code backing}. */
  public SecretPageCache(SecretPages pages, SecretmemConfig.Backing backing) {
    this.pages = pages;
    this.backing = backing;
    this.ledger = pages.ledger();
    this.file = pages.nextFile();
    this.mapping = new FileMapping(FileMapping.UNEVICTABLE | FileMapping.NO_DIRECT_MAP);
  }

  /**
   * Finds the page at {@code index} or adds one. Models {@code filemap_grab_folio()} on such a
   * file.
   *
   * @return the frame, or a negative error
   */
  public long grab(Cpu cpu, long index) {
    CostCategory before = ledger.enter(cpu, CostCategory.FILE);
    cpu.charge(Primitive.PAGE_CACHE_LOOKUP);
    cpu.step(Step.LOAD, stepAddress());
    long pfn = mapping.pfn(index);
    long result = pfn != FileMapping.NONE ? pfn : add(cpu, index);
    ledger.leave(cpu, before);
    return result;
  }

  private long add(Cpu cpu, long index) {
    long pfn = allocate(cpu);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    int error = prepare(cpu, pfn);
    if (error != 0) {
      pages.free(cpu, pfn, 0, file);
      return error;
    }
    beforeInsert(cpu, index);
    cpu.charge(Primitive.PAGE_CACHE_INSERT);
    cpu.step(Step.STORE, stepAddress());
    if (mapping.insert(index, pfn, 0) != 0) {
      undo(cpu, pfn);
      return mapping.pfn(index);
    }
    mapping.mark(index, FileMapping.UPTODATE);
    mapping.mark(index, FileMapping.REMOVED);
    pages.addToLru(cpu, mapping, index);
    if (backing == SecretmemConfig.Backing.REMOVE_EACH) {
      pages.flush(cpu, pfn, 0);
    }
    pages.adopt(cpu, pfn, 0, file, promises());
    return pfn;
  }

  /** The fast path of v3 and v4 leaves clearing to the next owner of the pool's page. */
  private long promises() {
    boolean isErased = backing != SecretmemConfig.Backing.CACHE_FAST;
    return MmEvent.EMPTY_AT_FIRST | (isErased ? MmEvent.ERASED_AT_END : 0);
  }

  private long allocate(Cpu cpu) {
    return switch (backing) {
      case REMOVE_EACH -> pages.allocateMapped(cpu, Gfp.HIGHUSER | Gfp.ZERO, 0);
      case POOLED -> allocatePooledZeroed(cpu);
      case CACHE_SLOW -> pages.allocateMapped(cpu, Gfp.USER, 0);
      case CACHE_FAST -> pages.allocatePooled(cpu, Gfp.USER, 0);
    };
  }

  /** v1 and v2 let the allocator clear pages through the mermap, which must be prepared. */
  private long allocatePooledZeroed(Cpu cpu) {
    if (prepareMermap(cpu) != 0) {
      return PageAllocator.NONE;
    }
    noteStale(cpu);
    return pages.allocatePooled(cpu, Gfp.HIGHUSER | Gfp.ZERO, 0);
  }

  /** Makes the new page fit for the file: cleared, and absent from the direct map. */
  private int prepare(Cpu cpu, long pfn) {
    return switch (backing) {
      case REMOVE_EACH -> pages.remove(cpu, pfn, 0);
      case POOLED -> 0;
      case CACHE_SLOW -> clearAndRemove(cpu, pfn);
      case CACHE_FAST -> clearThroughMermap(cpu, pfn);
    };
  }

  private int clearAndRemove(Cpu cpu, long pfn) {
    pages.clear(cpu, pfn, 0);
    int error = pages.remove(cpu, pfn, 0);
    if (error == 0) {
      pages.flush(cpu, pfn, 0);
    }
    return error;
  }

  private int clearThroughMermap(Cpu cpu, long pfn) {
    int error = prepareMermap(cpu);
    if (error == 0) {
      pages.clearEphemeral(cpu, pfn, 0);
      noteStale(cpu);
    }
    return error;
  }

  /** A kernel thread has no mermap: v4 uses the current task's, which may not exist. */
  private int prepareMermap(Cpu cpu) {
    Mm mm = Task.currentMm(cpu);
    return mm == null ? -Errno.EINVAL : pages.requireMermap().prepare(cpu, mm);
  }

  private void noteStale(Cpu cpu) {
    Mm mm = Task.currentMm(cpu);
    if (mm != null && !staleIn.contains(mm)) {
      staleIn.add(mm);
    }
    mapping.set(FileMapping.MERMAP_STALE);
  }

  /** Between preparing and inserting a page others may run; a seam for tests of that race. */
  protected void beforeInsert(Cpu cpu, long index) {}

  /** The index was taken meanwhile. */
  private void undo(Cpu cpu, long pfn) {
    if (restores()) {
      restoreThenFree(cpu, pfn);
      return;
    }
    // It was cleared through the mermap, whose translations must not outlive the page's owner.
    Mm mm = Task.currentMm(cpu);
    if (mm != null) {
      flushMermap(cpu, mm);
    }
    pages.free(cpu, pfn, 0, file);
  }

  /**
   * The page becomes ordinary memory again before anybody can get it. Planted: the other order, as
   * Linux had it until October 2025.
   */
  protected void restoreThenFree(Cpu cpu, long pfn) {
    if (restore(cpu, pfn)) {
      pages.free(cpu, pfn, 0, file);
    }
  }

  /** Puts a page back into the direct map; a failure keeps it out of the allocator. */
  protected final boolean restore(Cpu cpu, long pfn) {
    int error = pages.restore(cpu, pfn, 0);
    if (error != 0) {
      pages.leak(cpu, pfn, 0, error);
    }
    return error == 0;
  }

  /** Gives a page back to the allocator. */
  protected final void free(Cpu cpu, long pfn) {
    pages.free(cpu, pfn, 0, file);
  }

  private boolean restores() {
    return backing == SecretmemConfig.Backing.REMOVE_EACH
        || backing == SecretmemConfig.Backing.CACHE_SLOW;
  }

  /** Frees every page from {@code firstIndex} on. Models {@code truncate_inode_pages()}. */
  public void truncate(Cpu cpu, long firstIndex) {
    CostCategory before = ledger.enter(cpu, CostCategory.FILE);
    if (backing == SecretmemConfig.Backing.POOLED) {
      clearPooled(cpu, firstIndex);
    }
    flushStale(cpu);
    for (long index = firstIndex; index < mapping.indexes(); index++) {
      if (mapping.pfn(index) != FileMapping.NONE) {
        removePage(cpu, index);
      }
    }
    ledger.leave(cpu, before);
  }

  /**
   * Pooled pages stay absent, so they are cleared through the mermap while it may still be used.
   */
  private void clearPooled(Cpu cpu, long firstIndex) {
    for (long index = firstIndex; index < mapping.indexes(); index++) {
      if (mapping.pfn(index) != FileMapping.NONE) {
        pages.clearEphemeral(cpu, mapping.pfn(index), 0);
        noteStale(cpu);
      }
    }
  }

  private void removePage(Cpu cpu, long index) {
    long pfn = mapping.pfn(index);
    cpu.charge(Primitive.PAGE_CACHE_REMOVE);
    cpu.step(Step.STORE, stepAddress());
    mapping.remove(index);
    switch (backing) {
      case REMOVE_EACH, CACHE_SLOW -> {
        if (restore(cpu, pfn)) {
          pages.clear(cpu, pfn, 0);
          free(cpu, pfn);
        }
      }
      case POOLED, CACHE_FAST -> free(cpu, pfn);
    }
  }

  private void flushStale(Cpu cpu) {
    if (!mapping.testAndClear(FileMapping.MERMAP_STALE)) {
      return;
    }
    CostCategory before = ledger.enter(cpu, CostCategory.FLUSH_OWN);
    for (Mm mm : staleIn) {
      if (!mm.isDead()) {
        flushMermap(cpu, mm);
      }
    }
    staleIn.clear();
    ledger.leave(cpu, before);
  }

  /** Makes every CPU forget where the file's pages were mapped. Planted: not doing it. */
  protected void flushMermap(Cpu cpu, Mm mm) {
    pages.requireMermap().flushEverywhere(cpu, mm);
  }

  /** What steps on the file's index name as their address; no frame has it. */
  public long stepAddress() {
    return ~(long) file;
  }

  public FileMapping mapping() {
    return mapping;
  }

  /** Number of the file. */
  public int file() {
    return file;
  }
}
