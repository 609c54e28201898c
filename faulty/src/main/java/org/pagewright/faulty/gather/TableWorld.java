package org.pagewright.faulty.gather;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.Function;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
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
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.gather.ZapLeaves;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.tablelife.TableAllocator;
import org.pagewright.kernel.tablelife.TableRules;

/** Two CPUs that run one process, whose pages are mapped by hand, under all oracles. */
public final class TableWorld implements WatchedWorld {
  /** An address whose lowest table translates {@link #TABLE_BYTES} from here on. */
  public static final long HEAP = 1L << 30;

  public static final long PAGE_BYTES = 4096;

  /** What a lowest table translates. */
  public static final long TABLE_BYTES = 512 * PAGE_BYTES;

  private static final long RAM_BYTES = 32L << 20;

  private static final int USER_PAGE =
      Rights.KERNEL_READ
          | Rights.KERNEL_WRITE
          | Rights.USER_READ
          | Rights.USER_WRITE
          | Rights.USER_PAGE
          | Rights.ACCESSED
          | Rights.DIRTY;

  /** Makes what keeps user tables. */
  @FunctionalInterface
  public interface TablesMaker {
    UserTables make(GatherServices services, GatherConfig config);
  }

  private final KernelMachine kernel;
  private final PteFormat format;
  private final UserTables tables;
  private final Mm mm;
  private final Oracles oracles;
  private long mappedPfn = PageAllocator.NONE;

  /** A kernel on x86-64 with four levels. */
  public TableWorld(TableRules rules, Function<GatherConfig, GatherConfig> change) {
    this(rules, change, UserTables::new);
  }

  /** The same with other user tables. */
  public TableWorld(
      TableRules rules, Function<GatherConfig, GatherConfig> change, TablesMaker maker) {
    this("x86_64-4level", rules, change, maker);
  }

  /** The same on another format with pages of 4 KiB. */
  public TableWorld(
      String formatName,
      TableRules rules,
      Function<GatherConfig, GatherConfig> change,
      TablesMaker maker) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(formatName)).withMap(MemoryMap.of(RAM_BYTES));
    this.kernel =
        KernelMachine.boot(KernelConfig.bare(hardware), Choices.first(), BootStages.NONE, rules);
    this.format = hardware.format();
    GatherConfig config = change.apply(GatherConfig.of(format.architecture()));
    this.tables = maker.make(GatherServices.of(kernel), config);
    this.oracles =
        new Oracles(
            new WatchedKernel(
                kernel.machine(), kernel.directMap(), kernel.allocator(), /* mermap= */ null));
    Processes processes = new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
    this.mm = requireNonNull(processes.createMm(kernel.cpu(0)));
    for (int id = 0; id < hardware.cpus(); id++) {
      processes.run(kernel.cpu(id), processes.createTask(Task.Kind.USER, mm));
      tables.services().grace().enterIdle(kernel.cpu(id));
    }
  }

  /** An act after which the CPU is in user mode. */
  public static Act<TableWorld> act(String text, Act.Body<TableWorld> body) {
    return Act.of(
        text,
        (world, cpu) -> {
          world.tables.services().grace().leaveIdle(cpu);
          long answer = body.run(world, cpu);
          world.tables.services().grace().enterIdle(cpu);
          return answer;
        });
  }

  @Override
  public Machine machine() {
    return kernel.machine();
  }

  public KernelMachine kernel() {
    return kernel;
  }

  public UserTables tables() {
    return tables;
  }

  public Mm mm() {
    return mm;
  }

  // ---- what CPUs do

  /** Maps a fresh page unless one is mapped: a fault. */
  public long fault(Cpu cpu, long va) {
    long pfn = kernel.allocator().allocate(cpu, Gfp.HIGHUSER_MOVABLE, 0);
    if (pfn == PageAllocator.NONE) {
      throw new IllegalStateException("a fresh kernel has too little memory");
    }
    if (!map(cpu, va, pfn)) {
      kernel.allocator().free(cpu, pfn, 0);
    }
    return 0;
  }

  /** Maps a frame unless something is mapped there. */
  public boolean map(Cpu cpu, long va, long pfn) {
    while (true) {
      long slot = tables.make(cpu, mm, va, 1);
      assert slot != EntrySlot.NONE : va;
      long tablePa = tables.lockTable(cpu, mm, tables.find(cpu, mm, va, 2));
      if (tablePa == TableAllocator.NONE) {
        continue; // taken out meanwhile: fault again
      }
      long entryPa = format.entryPa(tablePa, va, 1);
      boolean isFirst = kernel.tables().readEntry(cpu, entryPa) == format.empty(1);
      if (isFirst) {
        long entry = format.leaf(1, pfn << format.pageShift(), USER_PAGE);
        kernel.tables().writeEntry(cpu, entryPa, entry);
        mappedPfn = pfn;
      }
      tables.unlockTable(cpu, mm, tablePa);
      return isFirst;
    }
  }

  /** The frame that was mapped last. */
  public long mappedPfn() {
    return mappedPfn;
  }

  /** User mode writes there; 0, or -1 for a fault. */
  public long touch(Cpu cpu, long va) {
    return cpu.store(va, Access.WRITE | Access.USER, 1) ? 0 : -1;
  }

  /** Looks at an entry without locks, as GUP and faults do. */
  public long look(Cpu cpu, long va) {
    long entry = tables.readLockless(cpu, mm, va);
    return entry == format.empty(1) ? 0 : 1;
  }

  /** The user gives memory back and keeps the area. */
  public long dontNeed(Cpu cpu, long from, long to) {
    zap(cpu, from, to, /* reclaims= */ true, (on, of, va, entry, level) -> ZapLeaves.GATHER);
    return 0;
  }

  /** Unmaps and flushes a range. */
  public void zap(Cpu cpu, long from, long to, boolean reclaims, ZapLeaves leaves) {
    MmuGather gather = tables.gather(mm, /* isFullMm= */ false);
    tables.zap(cpu, gather, from, to, leaves, reclaims);
    gather.finish(cpu);
  }

  // ---- who watches

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public List<Violation> inspect() {
    tables.services().grace().barrier(kernel.cpu(0));
    return oracles.inspect();
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
