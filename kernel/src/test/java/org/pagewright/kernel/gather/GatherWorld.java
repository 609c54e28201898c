package org.pagewright.kernel.gather;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.boot.BootStages;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.tablelife.TableConfig;
import org.pagewright.kernel.tablelife.TableRules;

/** A booted kernel with one process whose pages are mapped by hand. */
final class GatherWorld implements AutoCloseable, ZapLeaves {
  static final int USER_PAGE =
      Rights.KERNEL_READ
          | Rights.KERNEL_WRITE
          | Rights.USER_READ
          | Rights.USER_WRITE
          | Rights.USER_PAGE
          | Rights.ACCESSED
          | Rights.DIRTY;

  final KernelMachine kernel;
  final UserTables tables;
  final PteFormat format;
  final Cpu cpu;
  final Mm mm;
  private final RwSemaphore areas;

  /** Kinds of all events since the process was made. */
  final List<Integer> events = new ArrayList<>();

  private final EventLog.Reader reader = (kind, at, a, b, c) -> events.add(kind);
  private final Processes processes;
  private int flags = GATHER;

  GatherWorld(String formatName) {
    this(formatName, TableConfig.SPLIT, config -> config);
  }

  GatherWorld(String formatName, TableConfig locks, UnaryOperator<GatherConfig> change) {
    this.kernel =
        KernelMachine.boot(
            Kernels.config(formatName, "0-64M"),
            Choices.first(),
            BootStages.NONE,
            TableRules.ALL.withLocks(locks));
    this.format = kernel.machine().format();
    this.cpu = kernel.cpu(0);
    GatherConfig config = change.apply(GatherConfig.of(format.architecture()));
    this.tables = new UserTables(GatherServices.of(kernel), config);
    this.processes = new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
    this.mm = requireNonNull(processes.createMm(cpu));
    this.areas = new RwSemaphore(new LockClass("mmap_lock"), (int) mm.contextId());
    processes.run(cpu, processes.createTask(Task.Kind.USER, mm));
    kernel.machine().events().attach(reader);
    kernel.machine().events().drainAtOnce(true);
  }

  /** What zapping a leaf asks for from here on. */
  void answer(int what) {
    flags = what;
  }

  @Override
  public int removed(Cpu on, Mm of, long va, long entry, int level) {
    return flags;
  }

  long freePages() {
    return kernel.allocator().freePages() + kernel.allocator().pcpPages();
  }

  /** Maps a fresh page. */
  void map(long va) {
    map(cpu, va);
  }

  void map(Cpu on, long va) {
    long pfn = kernel.allocator().allocate(on, Gfp.HIGHUSER_MOVABLE, 0);
    long slot = tables.make(on, mm, va, 1);
    assertThat(slot).isNotEqualTo(EntrySlot.NONE);
    long tablePa = tables.lockTable(on, mm, tables.find(on, mm, va, 2));
    long entry = format.leaf(1, pfn << format.pageShift(), USER_PAGE);
    kernel.tables().writeEntry(on, format.entryPa(tablePa, va, 1), entry);
    tables.unlockTable(on, mm, tablePa);
  }

  boolean isMapped(long va) {
    long slot = kernel.tables().peekLookup(mm.kernelPgdPa(), va);
    long entry = kernel.tables().peek(EntrySlot.pa(slot));
    return format.isPresent(entry, EntrySlot.level(slot));
  }

  /** Unmaps and flushes, as MADV_DONTNEED does. */
  void dontNeed(long from, long to) {
    MmuGather gather = tables.gather(mm, /* isFullMm= */ false);
    tables.zap(cpu, gather, from, to, this, /* reclaims= */ true);
    gather.finish(cpu);
  }

  /** Unmaps, flushes and frees the tables, as munmap of the only area does. */
  void unmap(long from, long to) {
    MmuGather gather = tables.gather(mm, /* isFullMm= */ false);
    tables.zap(cpu, gather, from, to, this, /* reclaims= */ false);
    freeTables(gather, from, to, /* ceiling= */ 0);
  }

  /** Takes tables out and finishes; nobody else may come near the areas meanwhile. */
  void freeTables(MmuGather gather, long from, long to, long ceiling) {
    areas.acquire(cpu);
    tables.freeTables(cpu, gather, from, to, /* floor= */ 0, ceiling);
    gather.finish(cpu);
    areas.release(cpu);
  }

  @Override
  public void close() {
    kernel.machine().events().drainAtOnce(false);
    kernel.machine().events().detach(reader);
    kernel.close();
  }
}
