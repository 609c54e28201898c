package org.pagewright.lab.experiment.suite;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.IdleState;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapZeroing;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretServices;
import org.pagewright.kernel.tlbflush.TlbShootdown;
import org.pagewright.lab.experiment.CostFile;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Trial;

/** A machine of a trial with a booted kernel and everything that secret memory needs of it. */
final class SimulatedHost implements AutoCloseable {

  /** What the CPUs do that are not under test. */
  enum Others {
    /** The idle task, on the kernel's own tables. */
    IDLE,
    /** A kernel thread that borrows the tables of the process under test. */
    LAZY,
    /** A thread of another process each. */
    BUSY_OTHER,
    /** Threads of the process under test. */
    BUSY_SAME
  }

  /** Pages that earlier work may have taken: up to a pageblock and a half. */
  private static final int JITTER_PAGES = 768;

  private static final int BASE_PAGE_SHIFT = 12;
  private static final int PAGEBLOCK_ORDER = 9;

  private final Machine machine;
  private final Choices choices;
  private final EarlyKernel kernel;
  private final PageAllocator allocator;
  private final MovableFrames movable = new MovableFrames();
  private final FrameTags tags;
  private final CostLedger ledger;
  private final @Nullable Mermap mermap;
  private final Processes processes;
  private final Task task;

  private SimulatedHost(Trial trial, int cpus, MermapConfig mermapConfig) {
    TracedMemory traced = traced(trial);
    MachineFile file =
        traced == null ? trial.machine() : trial.machine().withMemoryBytes(traced.bytes());
    KernelConfig config = kernelConfig(file, trial.costs(), cpus);
    choices = new SeededChoices(trial.seed());
    machine = new Machine(config.machine(), choices);
    kernel = new EarlyKernel(config, machine);
    ledger = new CostLedger(machine.cpus());
    tags = new FrameTags(machine.memory().map().endBytes() >>> BASE_PAGE_SHIFT);
    allocator =
        traced == null
            ? HostAllocator.over(kernel, AllocatorRules.V7_0)
            : traced.load(kernel, AllocatorRules.V7_0, movable);
    if (!movable.isEmpty()) {
      allocator.addMover(movable);
    }
    HostAllocator.connect(allocator, kernel);
    TableSource tables = tableSource();
    kernel.directMap().replaceSplitTables(tables);
    processes =
        new Processes(
            machine,
            kernel.shootdown(),
            TopTables.ofParts(
                allocator,
                machine.memory(),
                kernel.tables(),
                kernel.rootPa(),
                file.features().pti()));
    mermap = hasMermap(file) ? addMermap(mermapConfig, tables) : null;
    Mm mm = Objects.requireNonNull(processes.createMm(cpu()), "memory ends before the first task");
    task = processes.createTask(Task.Kind.USER, mm);
    processes.run(cpu(), task);
  }

  /** Free memory as the trial's trace leaves it, or null for a fresh boot. */
  static @Nullable TracedMemory traced(Trial trial) {
    Path trace = trial.afterTrace();
    return trace == null ? null : TracedMemory.after(trace);
  }

  /** The mm-local region and with it the mermap exist on x86-64 only. */
  static boolean hasMermap(MachineFile file) {
    return file.architecture() == MachineFile.Architecture.X86_64;
  }

  private Mermap addMermap(MermapConfig config, TableSource tables) {
    MmLocalRegion region =
        new MmLocalRegion(
            MmLocalLayout.of(machine.format()),
            MmLocalRegion.Policy.ON_DEMAND,
            kernel.tables(),
            tables,
            kernel.shootdown(),
            machine.events());
    Mermap made =
        new Mermap(
            config,
            region,
            kernel.tables(),
            allocator,
            kernel.shootdown(),
            machine.events(),
            machine.cpus());
    processes.add(region);
    processes.add(made);
    allocator.setZeroing(new MermapZeroing(made, tags, ledger, BASE_PAGE_SHIFT, PAGEBLOCK_ORDER));
    return made;
  }

  /** Boots the machine of {@code trial}, with {@code cpus} CPUs or as many as it has for 0. */
  static SimulatedHost boot(Trial trial, int cpus, MermapConfig mermap) {
    return new SimulatedHost(trial, cpus == 0 ? trial.machine().cpus() : cpus, mermap);
  }

  private static KernelConfig kernelConfig(MachineFile file, CostFile costs, int cpus) {
    MachineConfig machine =
        new MachineConfig(
            file.name(),
            MemoryMap.parse(file.memory()),
            PteFormat.named(file.format()),
            TlbGeometries.named(file.tlb()),
            CostTables.of(costs),
            cpus);
    KernelConfig config = KernelConfig.of(machine);
    DirectMapConfig.Collapse collapse =
        file.directMap().collapse()
            ? DirectMapConfig.Collapse.ALWAYS
            : DirectMapConfig.Collapse.READ_ONLY_EXECUTABLE;
    DirectMapConfig directMap =
        DirectMapConfig.LINUX_7_0
            .withLargestLeafLevel(leafLevel(file.directMap().largestLeaf()))
            .withCollapse(collapse);
    boolean tagged =
        file.architecture() != MachineFile.Architecture.X86_64 || file.features().pcid();
    return config
        .withDirectMap(directMap)
        .withIsolation(file.features().pti())
        .withAddressSpaceNumbers(tagged);
  }

  private static int leafLevel(String leaf) {
    return switch (leaf) {
      case "4K" -> 1;
      case "2M" -> 2;
      default -> 3;
    };
  }

  private TableSource tableSource() {
    return new TableSource() {
      @Override
      public long allocate(Cpu cpu, int level) {
        long pfn = allocator.allocate(cpu, Gfp.KERNEL_ACCOUNT | Gfp.ZERO, 0);
        return pfn == PageAllocator.NONE ? NONE : pfn << BASE_PAGE_SHIFT;
      }

      @Override
      public void free(Cpu cpu, long pa, int level) {
        allocator.free(cpu, pa >>> BASE_PAGE_SHIFT, 0);
      }
    };
  }

  /** Lets the other CPUs do what they do during the whole sample. */
  void occupy(Others others, IdleState idle) {
    Mm own = Objects.requireNonNull(task.mm(), "a user task has an address space");
    Mm other = others == Others.BUSY_OTHER ? processes.createMm(cpu()) : null;
    for (int id = 1; id < machine.cpus(); id++) {
      Cpu cpu = machine.cpu(id);
      switch (others) {
        case IDLE -> cpu.setIdleState(idle);
        case LAZY -> {
          processes.run(cpu, processes.createTask(Task.Kind.USER, own));
          processes.run(cpu, processes.createTask(Task.Kind.KERNEL_THREAD, null));
        }
        case BUSY_OTHER -> processes.run(cpu, processes.createTask(Task.Kind.USER, other));
        case BUSY_SAME -> processes.run(cpu, processes.createTask(Task.Kind.USER, own));
      }
    }
  }

  /** Earlier work has taken some pages: what differs between samples of one seed. */
  void takePages() {
    int pages = choices.pick(JITTER_PAGES, "pages taken before");
    for (int i = 0; i < pages; i++) {
      if (allocator.allocate(cpu(), Gfp.KERNEL, 0) == PageAllocator.NONE) {
        return;
      }
    }
  }

  /** Forgets what was counted and spent so far; answers the cycle of the CPU under test. */
  long startClock() {
    kernel.shootdown().counters().reset();
    for (int id = 0; id < machine.cpus(); id++) {
      ledger.reset(machine.cpu(id));
    }
    return cpu().cycles();
  }

  /** The CPU under test. */
  Cpu cpu() {
    return machine.cpu(0);
  }

  Machine machine() {
    return machine;
  }

  /** Every decision of the sample that is not the kernel's. */
  Choices choices() {
    return choices;
  }

  PageAllocator allocator() {
    return allocator;
  }

  /** Lets compaction move a page; without any such page nothing is compacted. */
  void letMove(long pfn) {
    if (movable.isEmpty()) {
      allocator.addMover(movable);
    }
    movable.add(pfn);
  }

  DirectMap directMap() {
    return kernel.directMap();
  }

  TlbShootdown shootdown() {
    return kernel.shootdown();
  }

  CostLedger ledger() {
    return ledger;
  }

  /** What users of secret memory share. */
  SecretPages secretPages(PoolRequest request) {
    SecretServices services =
        new SecretServices(
            allocator,
            kernel.directMap(),
            kernel.shootdown(),
            mermap,
            tags,
            machine.events(),
            ledger,
            BASE_PAGE_SHIFT);
    return new SecretPages(services, request);
  }

  @Override
  public void close() {
    allocator.close();
    machine.close();
    tags.close();
  }
}
