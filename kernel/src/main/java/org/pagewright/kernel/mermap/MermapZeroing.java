package org.pagewright.kernel.mermap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.alloc.PageZeroing;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.mm.FrameContent;

/**
 * Clears pages that the direct map does not cover, inside the page allocator. Models {@code
 * clear_unmapped_pages()} of mm/page_alloc.c ("mm/page_alloc: implement __GFP_UNMAPPED|__GFP_ZERO
 * allocations", v1 and v2; v3 and v4 leave it to the caller).
 */
public class MermapZeroing implements PageZeroing {
  /*
   * What Linux does. Pages of one pageblock are mapped with one get; when that fails, each page
   * by itself with the reserved mapping and interrupts off, which always succeeds. Preemption
   * and interrupts may be on or off in the caller.
   *
   * What it leaves behind. The translations live on until the window wraps or is flushed, on
   * this CPU and on any that walked speculatively: a page that is freed to another process
   * meanwhile can still be reached by its first owner. Nothing here flushes, as nothing in v1
   * and v2 does.
   */

  private static final int KERNEL_DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private final Mermap mermap;
  private final FrameTags tags;
  private final CostLedger ledger;
  private final int pageShift;
  private final int pageblockOrder;
  private long reservedPages;

  /** Clears through {@code mermap}, one pageblock at a time. */
  public MermapZeroing(
      Mermap mermap, FrameTags tags, CostLedger ledger, int pageShift, int pageblockOrder) {
    this.mermap = mermap;
    this.tags = tags;
    this.ledger = ledger;
    this.pageShift = pageShift;
    this.pageblockOrder = pageblockOrder;
  }

  /** Models the check of v1 and v2 before an unmapped request is served. */
  @Override
  public boolean isReady(Cpu cpu) {
    return mermap.isReady(cpu);
  }

  @Override
  public void zero(Cpu cpu, long pfn, int order) {
    CostCategory before = ledger.enter(cpu, CostCategory.ZEROING);
    long end = pfn + (1L << order);
    for (long at = pfn; at < end; ) {
      long blockEnd = Math.min(end, ((at >>> pageblockOrder) + 1) << pageblockOrder);
      zeroRun(cpu, at, blockEnd - at);
      at = blockEnd;
    }
    ledger.leave(cpu, before);
  }

  private void zeroRun(Cpu cpu, long pfn, long pages) {
    long handle = map(cpu, pfn, pages);
    if (handle == MermapHandle.NONE) {
      for (long at = pfn; at < pfn + pages; at++) {
        zeroReserved(cpu, at);
      }
      return;
    }
    long va = MermapHandle.va(handle);
    for (long i = 0; i < pages; i++) {
      clear(cpu, va + (i << pageShift), pfn + i);
    }
    unmap(cpu, handle);
  }

  private void zeroReserved(Cpu cpu, long pfn) {
    reservedPages++;
    cpu.disableInterrupts();
    CostCategory before = ledger.enter(cpu, CostCategory.MERMAP);
    long handle = mermap.getReserved(cpu, pfn, KERNEL_DATA);
    ledger.leave(cpu, before);
    assert handle != MermapHandle.NONE : "the reserved mapping failed";
    clear(cpu, MermapHandle.va(handle), pfn);
    unmap(cpu, handle);
    cpu.enableInterrupts();
  }

  private long map(Cpu cpu, long pfn, long pages) {
    CostCategory before = ledger.enter(cpu, CostCategory.MERMAP);
    long handle = mermap.get(cpu, pfn, pages << pageShift, KERNEL_DATA);
    ledger.leave(cpu, before);
    return handle;
  }

  private void unmap(Cpu cpu, long handle) {
    CostCategory before = ledger.enter(cpu, CostCategory.MERMAP);
    mermap.put(cpu, handle);
    ledger.leave(cpu, before);
  }

  private void clear(Cpu cpu, long va, long pfn) {
    long translation = cpu.translate(va, Access.WRITE);
    assert !Translation.isFault(translation) : Long.toHexString(va);
    cpu.charge(Primitive.ZERO_PAGE);
    cpu.machine().memory().zero(Translation.pa(translation, va), 1L << pageShift);
    tags.setContent(pfn, FrameContent.ZERO);
  }

  /** Pages for which the ordinary mapping failed. */
  public long reservedPages() {
    return reservedPages;
  }
}
