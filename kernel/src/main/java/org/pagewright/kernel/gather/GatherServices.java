package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * The parts of a kernel that user tables and gathers stand on.
 *
 * @param allocator pages of batches come from it
 * @param tablePages constructed tables
 * @param grace grace periods of the machine
 */
public record GatherServices(
    EventLog events,
    PageTables tables,
    PageAllocator allocator,
    TableAllocator tablePages,
    TlbShootdown shootdown,
    RcuGrace grace) {

  /** Parts of a booted kernel whose grace periods take no time. */
  public static GatherServices of(KernelMachine kernel) {
    return new GatherServices(
        kernel.machine().events(),
        kernel.tables(),
        kernel.allocator(),
        new TableAllocator(kernel.tables(), kernel.plainTablePages(), kernel.constructors()),
        kernel.shootdown(),
        new RcuGrace(kernel.machine(), /* periodCycles= */ 0));
  }

  /** The same with other flushes. */
  public GatherServices withShootdown(TlbShootdown other) {
    return new GatherServices(events, tables, allocator, tablePages, other, grace);
  }

  /** The same with other grace periods. */
  public GatherServices withGrace(RcuGrace other) {
    return new GatherServices(events, tables, allocator, tablePages, shootdown, other);
  }
}
