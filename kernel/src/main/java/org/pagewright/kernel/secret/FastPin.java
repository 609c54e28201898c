package org.pagewright.kernel.secret;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.MmEvent;

/**
 * Takes references on pages of files through user addresses, without locks. Models what {@code
 * gup_fast_pte_range()} does once it has found an entry, {@code gup_fast_folio_allowed()} above all
 * (mm/gup.c, Linux 7.0).
 *
 * <p>Left out: the walk. The index in the file stands for the user address.
 */
public class FastPin {
  private final EventLog events;

  /** Pins pages of one kernel's files. */
  public FastPin(EventLog events) {
    this.events = events;
  }

  /**
   * Takes a reference on a page.
   *
   * @return its frame, or {@code -EFAULT} where the slow path must decide, which refuses secrets
   */
  public final long pin(Cpu cpu, SecretPageCache file, long index) {
    cpu.disableInterrupts();
    cpu.step(Step.LOAD, file.stepAddress());
    long pfn = file.mapping().pfn(index);
    boolean isPinned = pfn != FileMapping.NONE && mayPin(file.mapping(), index);
    if (isPinned) {
      events.record(MmEvent.FRAME_PINNED, cpu.id(), pfn, file.file(), 0);
    }
    cpu.enableInterrupts();
    return isPinned ? pfn : -Errno.EFAULT;
  }

  /**
   * Whether the kernel may use the page through its own addresses: the mapping decides. A flag of
   * the page does not, for the LRU flag is set later than the page can be found (65291dcfcf89,
   * CVE-2024-35872).
   */
  protected boolean mayPin(FileMapping mapping, long index) {
    return !mapping.has(FileMapping.NO_DIRECT_MAP);
  }
}
