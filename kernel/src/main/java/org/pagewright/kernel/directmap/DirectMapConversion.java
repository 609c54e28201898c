package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Converts whole pageblocks between mapped and unmapped, for the page allocator.
 *
 * <p>Models the direct-map step of {@code __rmqueue_direct_map()} ("mm: Add __GFP_UNMAPPED", v2 to
 * v4, 2026): the direct map of all pages changes outside the zone lock with interrupts on; after an
 * unmap the translations of the range are flushed everywhere before any page is handed out, after a
 * map nothing is. Contents are not touched in either direction.
 */
public class DirectMapConversion implements BlockConversion {
  private final DirectMap map;
  private final TlbShootdown shootdown;
  private final EventLog events;
  private long unmappedBlocks;
  private long mappedBlocks;
  private long failures;
  private long changeCycles;
  private long flushCycles;

  public DirectMapConversion(DirectMap map, TlbShootdown shootdown, EventLog events) {
    this.map = map;
    this.shootdown = shootdown;
    this.events = events;
  }

  @Override
  public final boolean isPossible() {
    return map.canSet();
  }

  @Override
  public final int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
    cpu.maySleep();
    long pages = 1L << order;
    long before = cpu.cycles();
    int error = map.setValidNoflush(cpu, pfn, pages, !unmaps);
    changeCycles += cpu.cycles() - before;
    if (error != 0) {
      failures++;
      assert map.isPresentNow(pfn) == unmaps : "a failed conversion of " + pfn + " left a trace";
      events.record(KernelEvent.BLOCK_UNCHANGED, cpu.id(), pfn, pages, error);
      return error;
    }
    if (unmaps) {
      before = cpu.cycles();
      flush(cpu, map.va(pfn), map.va(pfn + pages));
      flushCycles += cpu.cycles() - before;
      unmappedBlocks++;
      events.record(KernelEvent.BLOCK_UNMAPPED, cpu.id(), pfn, pages, 0);
    } else {
      mappedBlocks++;
      events.record(KernelEvent.BLOCK_MAPPED, cpu.id(), pfn, pages, 0);
    }
    return 0;
  }

  /** Makes every CPU forget the block before anybody gets a page of it. */
  protected void flush(Cpu cpu, long from, long to) {
    shootdown.flushKernelRange(cpu, from, to);
  }

  /** Conversions out of the direct map. */
  public final long unmappedBlocks() {
    return unmappedBlocks;
  }

  /** Conversions back into the direct map. */
  public final long mappedBlocks() {
    return mappedBlocks;
  }

  /** Conversions that failed and changed nothing. */
  public final long failures() {
    return failures;
  }

  /** Time that initiators spent on tables, splits and their flushes included. */
  public final long changeCycles() {
    return changeCycles;
  }

  /** Time that initiators spent on flushes after unmapping. */
  public final long flushCycles() {
    return flushCycles;
  }
}
