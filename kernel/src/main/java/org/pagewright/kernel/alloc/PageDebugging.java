package org.pagewright.kernel.alloc;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Memmap;

/**
 * Writes to pages as they change hands, where a kernel is built or booted to. Models {@code
 * init_on_alloc}, {@code init_on_free} and page poisoning in {@code post_alloc_hook()} and {@code
 * free_pages_prepare()} (mm/page_alloc.c). Left out: {@code debug_pagealloc}, KASAN.
 */
public class PageDebugging {
  /** How the hooks reach a page: through the direct map. */
  @FunctionalInterface
  public interface DirectAccess {
    /** Fills a block with a pattern. */
    void fill(Cpu cpu, long pfn, int order, long pattern);
  }

  /**
   * What a kernel is configured to do.
   *
   * @param initOnAllocate zeroes pages that are handed out
   * @param initOnFree zeroes pages that are given back
   * @param poisons fills pages that are given back with 0xaa
   */
  public record Options(boolean initOnAllocate, boolean initOnFree, boolean poisons) {
    public static final Options NONE = new Options(false, false, false);
  }

  private static final long POISON = 0xaaaa_aaaa_aaaa_aaaaL;

  private final Memmap memmap;
  private final Options options;
  private final DirectAccess access;

  public PageDebugging(AllocatorParts parts, Options options, DirectAccess access) {
    this.memmap = parts.memmap;
    this.options = options;
    this.access = access;
  }

  /**
   * Whether the hooks may touch a page. Not an unmapped one: version 4 of the series excludes it
   * from all of them.
   */
  protected boolean mayTouch(boolean isUnmapped) {
    return !isUnmapped;
  }

  final Options options() {
    return options;
  }

  final void handedOut(Cpu cpu, long pfn, int order) {
    if (options.initOnAllocate() && mayTouch(memmap.isBlockUnmapped(pfn))) {
      fill(cpu, pfn, order, 0);
    }
  }

  final void givenBack(Cpu cpu, long pfn, int order) {
    boolean writes = options.initOnFree() || options.poisons();
    if (writes && mayTouch(memmap.isBlockUnmapped(pfn))) {
      fill(cpu, pfn, order, options.initOnFree() ? 0 : POISON);
    }
  }

  private void fill(Cpu cpu, long pfn, int order, long pattern) {
    EventLog events = cpu.machine().events();
    events.record(KernelEvent.CONTENTS_BEGIN, cpu.id(), pfn, order, 0);
    access.fill(cpu, pfn, order, pattern);
    events.record(KernelEvent.CONTENTS_END, cpu.id(), pfn, order, 0);
  }
}
