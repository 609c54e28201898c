package org.pagewright.lab.experiment.suite;

import java.util.Objects;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.BootStages;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.gather.GatherConfig;
import org.pagewright.kernel.gather.GatherServices;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.gather.RcuGrace;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.gather.ZapLeaves;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.tablelife.TableRules;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * A process whose threads touch a heap here and there and give it back, as allocators do that call
 * madvise(MADV_DONTNEED).
 */
final class SparseHeap implements AutoCloseable {
  private static final long START = 1L << 40;
  private static final int PAGE =
      Rights.KERNEL_READ
          | Rights.KERNEL_WRITE
          | Rights.USER_READ
          | Rights.USER_WRITE
          | Rights.USER_PAGE
          | Rights.ACCESSED
          | Rights.DIRTY;

  private static final ZapLeaves ANONYMOUS = (cpu, mm, va, entry, level) -> ZapLeaves.GATHER;

  private final KernelMachine kernel;
  private final PteFormat format;
  private final UserTables tables;
  private final RcuGrace grace;
  private final Mm mm;
  private final Cpu cpu;
  private final long kernelTablePages;
  private long waitingPagesMax;
  private long laterCycles;

  /**
   * Boots a kernel with one process, of which every CPU runs a thread.
   *
   * @param graceCycles how long a grace period lasts
   */
  SparseHeap(MachineConfig machine, TableRules rules, GatherConfig config, long graceCycles) {
    this.kernel =
        KernelMachine.boot(KernelConfig.of(machine), Choices.first(), BootStages.NONE, rules);
    this.format = machine.format();
    this.cpu = kernel.cpu(0);
    this.grace = new RcuGrace(kernel.machine(), graceCycles);
    this.tables = new UserTables(GatherServices.of(kernel).withGrace(grace), config);
    Processes processes = new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
    this.mm = Objects.requireNonNull(processes.createMm(cpu), "memory ends before the process");
    for (int id = 0; id < machine.cpus(); id++) {
      processes.run(kernel.cpu(id), processes.createTask(Task.Kind.USER, mm));
    }
    this.kernelTablePages = kernel.constructors().pages();
  }

  /** Bytes that a lowest table translates. */
  long tableSpan() {
    return format.levelBytes(2);
  }

  /** Touches {@code perTable} pages below each lowest table of a range. */
  void touch(long offset, long bytes, int perTable) {
    long span = tableSpan();
    long stride = span / perTable;
    for (long at = offset; at < offset + bytes; at += stride) {
      long va = START + at;
      if (!cpu.store(va, Access.WRITE | Access.USER, 1)) {
        fault(va);
      }
    }
    quiesce();
  }

  private void fault(long va) {
    long pfn = kernel.allocator().allocate(cpu, Gfp.HIGHUSER_MOVABLE | Gfp.ZERO, 0);
    long slot = tables.make(cpu, mm, va, 1);
    if (pfn == PageAllocator.NONE || slot == EntrySlot.NONE) {
      throw new IllegalStateException("memory ended at 0x" + Long.toHexString(va));
    }
    long tablePa = tables.lockTable(cpu, mm, tables.find(cpu, mm, va, 2));
    long entry = format.leaf(1, pfn << format.pageShift(), PAGE);
    kernel.tables().writeEntry(cpu, EntrySlot.pa(slot), entry);
    tables.unlockTable(cpu, mm, tablePa);
    boolean isWritten = cpu.store(va, Access.WRITE | Access.USER, 1);
    assert isWritten : va;
  }

  /** Gives a range back. */
  void dontNeed(long offset, long bytes) {
    cpu.charge(Primitive.SYSCALL);
    MmuGather gather = tables.gather(mm, /* isFullMm= */ false);
    long from = START + offset;
    tables.zap(cpu, gather, from, from + bytes, ANONYMOUS, /* reclaims= */ true);
    gather.finish(cpu);
    waitingPagesMax = Math.max(waitingPagesMax, waitingPages());
    quiesce();
  }

  /** Back in user mode, which ends readers and lets grace periods end. */
  private void quiesce() {
    long start = cpu.cycles();
    grace.quiescent(cpu);
    laterCycles += cpu.cycles() - start;
  }

  /** Pages of tables that were taken out and not given back. */
  private long waitingPages() {
    long hookedIn = 0;
    for (int level = 1; level < format.topLevel(); level++) {
      hookedIn += mm.tables().tables(level);
    }
    return kernel.constructors().pages() - kernelTablePages - hookedIn;
  }

  // ---- what there is

  /** Bytes of tables that are hooked in. */
  long tableBytes() {
    return mm.tables().bytes(format);
  }

  /** Most bytes of tables that ever waited to be freed at the end of a call. */
  long waitingBytesMax() {
    return waitingPagesMax * format.pageBytes();
  }

  /** What freeing after grace periods took. */
  long laterCycles() {
    return laterCycles;
  }

  UserTables tables() {
    return tables;
  }

  TlbShootdown shootdown() {
    return kernel.shootdown();
  }

  /** Time of the CPU that does all of it. */
  long cycles() {
    return cpu.cycles();
  }

  /** Waits for grace periods; answers how many there were. */
  long settle() {
    grace.barrier(cpu);
    return grace.completed();
  }

  @Override
  public void close() {
    kernel.close();
  }
}
