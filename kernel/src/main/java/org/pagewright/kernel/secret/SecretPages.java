package org.pagewright.kernel.secret;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * What all users of secret memory do with a folio: take it, clear it, fill it, remove it from the
 * direct map, restore it, give it back, and the time of each step.
 *
 * <p>Models {@code folio_zap_direct_map()}, {@code folio_restore_direct_map()}, {@code
 * clear_highpage()}, {@code copy_folio_from_iter_atomic()} and {@code mermap_clear_folio()} as the
 * series of 2025 and 2026 use them.
 */
public class SecretPages {
  /** What steps that change the page allocator's lists name as their address. */
  public static final long ALLOCATOR_STEP = Long.MIN_VALUE;

  private static final int KERNEL_DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private final PageAllocator allocator;
  private final DirectMap directMap;
  private final TlbShootdown shootdown;
  private final @Nullable Mermap mermap;
  private final FrameTags tags;
  private final EventLog events;
  private final CostLedger ledger;
  private final PoolRequest poolRequest;
  private final int pageShift;
  private final LruBatches batches = new LruBatches();
  private int filesMade;
  private long leakedPages;
  private long kernelFaults;

  /** Services of one kernel; without a mermap, the kernel cannot touch pooled pages. */
  public SecretPages(SecretServices services, PoolRequest poolRequest) {
    this.allocator = services.allocator();
    this.directMap = services.directMap();
    this.shootdown = services.shootdown();
    this.mermap = services.mermap();
    this.tags = services.tags();
    this.events = services.events();
    this.ledger = services.ledger();
    this.poolRequest = poolRequest;
    this.pageShift = services.pageShift();
  }

  // ---- taking and giving back

  /** Takes a folio that the direct map covers; -1 when there is none. */
  long allocateMapped(Cpu cpu, int gfp, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.ALLOCATION);
    cpu.step(Step.TAKE, ALLOCATOR_STEP);
    long pfn = allocator.allocate(cpu, gfp, order);
    noteCleared(pfn, gfp, order);
    ledger.leave(cpu, before);
    return pfn;
  }

  /** Takes a folio of the unmapped pool; -1 when there is none. */
  long allocatePooled(Cpu cpu, int gfp, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.ALLOCATION);
    int pooledGfp = gfp & ~Gfp.MOVABLE_MASK;
    long pfn =
        poolRequest == PoolRequest.GFP_BIT
            ? allocator.allocate(cpu, pooledGfp | Gfp.UNMAPPED, order)
            : allocator.allocate(cpu, pooledGfp, order, AllocFlags.UNMAPPED);
    noteCleared(pfn, gfp, order);
    ledger.leave(cpu, before);
    return pfn;
  }

  /** The allocator knows no tags: what it cleared is said here. */
  private void noteCleared(long pfn, int gfp, int order) {
    if (pfn != PageAllocator.NONE && (gfp & Gfp.ZERO) != 0) {
      for (long at = pfn; at < pfn + (1L << order); at++) {
        tags.setContent(at, FrameContent.ZERO);
      }
    }
  }

  /** Gives a folio back to the page allocator. */
  void free(Cpu cpu, long pfn, int order, int file) {
    events.record(MmEvent.SECRET_REMOVED, cpu.id(), pfn, 1L << order, file);
    CostCategory before = ledger.enter(cpu, CostCategory.ALLOCATION);
    setOwner(pfn, order, 0);
    cpu.step(Step.STORE, ALLOCATOR_STEP);
    allocator.free(cpu, pfn, order);
    ledger.leave(cpu, before);
  }

  /** Notes that a folio could not be restored: it must not reach a list of mapped pages. */
  void leak(Cpu cpu, long pfn, int order, int error) {
    leakedPages += 1L << order;
    events.record(MmEvent.SECRET_LEAKED, cpu.id(), pfn, error, 0);
  }

  /**
   * Says that a folio belongs to a file from here on, absent from the direct map.
   *
   * @param promises of the file, bits of MmEvent
   */
  void adopt(Cpu cpu, long pfn, int order, int file, long promises) {
    setOwner(pfn, order, file);
    events.record(MmEvent.SECRET_ADDED, cpu.id(), pfn, 1L << order, promises | file);
  }

  /** A page of a file can be found from here on; its CPU puts it on the LRU list some time. */
  void addToLru(Cpu cpu, FileMapping mapping, long index) {
    batches.add(cpu, mapping, index);
  }

  /** Puts what a CPU has collected on the LRU list. Models {@code lru_add_drain()}. */
  public void drainLru(Cpu cpu) {
    batches.drain(cpu);
  }

  private void setOwner(long pfn, int order, int owner) {
    for (long at = pfn; at < pfn + (1L << order); at++) {
      tags.setOwner(at, owner);
    }
  }

  // ---- the direct map

  /**
   * Removes a folio from the direct map, without telling anybody. Models {@code
   * set_direct_map_valid_noflush(false)}.
   *
   * @return 0 or a negative error
   */
  int remove(Cpu cpu, long pfn, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.TABLE_CHANGES);
    int error = directMap.setValidNoflush(cpu, pfn, 1L << order, false);
    ledger.leave(cpu, before);
    return error;
  }

  /** Puts a folio back. Models {@code folio_restore_direct_map()}: present again, no flush. */
  int restore(Cpu cpu, long pfn, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.TABLE_CHANGES);
    int error = directMap.setValidNoflush(cpu, pfn, 1L << order, true);
    ledger.leave(cpu, before);
    return error;
  }

  /** Makes every CPU forget the direct-map addresses of a folio. */
  void flush(Cpu cpu, long pfn, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.FLUSH_OWN);
    long va = directMap.va(pfn);
    shootdown.flushKernelRange(cpu, va, va + (1L << (order + pageShift)));
    ledger.leave(cpu, before);
  }

  boolean canSetDirectMap() {
    return directMap.canSet();
  }

  // ---- contents

  /** Clears a folio through the direct map. */
  void clear(Cpu cpu, long pfn, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.ZEROING);
    for (long at = pfn; at < pfn + (1L << order); at++) {
      clearPage(cpu, directMap.va(at), at);
    }
    ledger.leave(cpu, before);
  }

  /** Fills a folio through the direct map with the user's bytes. */
  void copyIn(Cpu cpu, long pfn, int order, WriteSource from) {
    CostCategory before = ledger.enter(cpu, CostCategory.COPYING);
    for (long at = pfn; at < pfn + (1L << order); at++) {
      copyPage(cpu, directMap.va(at), at, from);
    }
    ledger.leave(cpu, before);
  }

  /** Clears a folio through the mermap. Models {@code mermap_clear_folio()}. */
  void clearEphemeral(Cpu cpu, long pfn, int order) {
    throughMermap(cpu, pfn, order, null);
  }

  /** Fills a folio through the mermap with the user's bytes. */
  void copyInEphemeral(Cpu cpu, long pfn, int order, WriteSource from) {
    throughMermap(cpu, pfn, order, from);
  }

  /** Fills a folio with the user's bytes, or clears it where there are none. */
  private void throughMermap(Cpu cpu, long pfn, int order, @Nullable WriteSource from) {
    Mermap map = requireMermap();
    CostCategory before = ledger.enter(cpu, CostCategory.MERMAP);
    long pages = 1L << order;
    long handle = map.get(cpu, pfn, pages << pageShift, KERNEL_DATA);
    if (handle == MermapHandle.NONE) {
      reservedPages(cpu, pfn, pages, from);
    } else {
      long va = MermapHandle.va(handle);
      for (long i = 0; i < pages; i++) {
        fillPage(cpu, va + (i << pageShift), pfn + i, from);
      }
      map.put(cpu, handle);
    }
    ledger.leave(cpu, before);
  }

  /** The fallback that always succeeds: page by page, with interrupts off. */
  private void reservedPages(Cpu cpu, long pfn, long pages, @Nullable WriteSource from) {
    Mermap map = requireMermap();
    for (long at = pfn; at < pfn + pages; at++) {
      cpu.disableInterrupts();
      long handle = map.getReserved(cpu, at, KERNEL_DATA);
      assert handle != MermapHandle.NONE : "the reserved mapping failed";
      fillPage(cpu, MermapHandle.va(handle), at, from);
      map.put(cpu, handle);
      cpu.enableInterrupts();
    }
  }

  private void fillPage(Cpu cpu, long va, long pfn, @Nullable WriteSource from) {
    if (from == null) {
      CostCategory before = ledger.enter(cpu, CostCategory.ZEROING);
      clearPage(cpu, va, pfn);
      ledger.leave(cpu, before);
    } else {
      CostCategory before = ledger.enter(cpu, CostCategory.COPYING);
      copyPage(cpu, va, pfn, from);
      ledger.leave(cpu, before);
    }
  }

  /*
   * Both write where the translation leads, as the instructions do: the TLB remembers it, and a
   * wrong mapping hits the wrong frame.
   */

  private void clearPage(Cpu cpu, long va, long pfn) {
    long translation = cpu.translate(va, Access.WRITE);
    if (Translation.isFault(translation)) {
      kernelFaults++;
      return;
    }
    cpu.charge(Primitive.ZERO_PAGE);
    cpu.machine().memory().zero(Translation.pa(translation, va), 1L << pageShift);
    tags.setContent(pfn, FrameContent.ZERO);
  }

  private void copyPage(Cpu cpu, long va, long pfn, WriteSource from) {
    long translation = cpu.translate(va, Access.WRITE);
    if (Translation.isFault(translation)) {
      kernelFaults++;
      return;
    }
    cpu.charge(Primitive.COPY_PAGE);
    from.copyPage(cpu.machine().memory(), Translation.pa(translation, va), 1 << pageShift);
    tags.setContent(pfn, from.content());
  }

  Mermap requireMermap() {
    if (mermap == null) {
      throw new IllegalArgumentException("this kernel has no mermap");
    }
    return mermap;
  }

  boolean hasMermap() {
    return mermap != null;
  }

  CostLedger ledger() {
    return ledger;
  }

  int pageShift() {
    return pageShift;
  }

  PoolRequest poolRequest() {
    return poolRequest;
  }

  /** A number for a new file; 0 is nobody. */
  int nextFile() {
    return ++filesMade;
  }

  /** Pages that could not be restored and are kept out of the allocator for ever. */
  public long leakedPages() {
    return leakedPages;
  }

  /** Kernel accesses to secret pages that faulted, which a real kernel does not survive. */
  public long kernelFaults() {
    return kernelFaults;
  }
}
