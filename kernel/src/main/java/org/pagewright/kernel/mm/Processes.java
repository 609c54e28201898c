package org.pagewright.kernel.mm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TablePages;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.MmTlb;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Makes address spaces and tasks, lets tasks run on CPUs, and ends them. Models {@code mm_alloc()},
 * {@code pgd_alloc()}, {@code context_switch()}, {@code exit_mmap()} and {@code __mmdrop()}
 * (kernel/fork.c, kernel/sched/core.c, mm/mmap.c, arch/x86/mm/pgtable.c).
 *
 * <p>What is left out: user mappings, fork, a scheduler: who runs where is for the caller to say.
 */
public final class Processes {
  /*
   * The top table of a new process has the kernel's entries behind the user's, as far as they
   * exist at boot; the kernel makes all of them then. Where a second root holds the kernel's
   * tables (arm64) it has none. With page-table isolation a second table follows in the next page:
   * the one that user mode runs on. Of the kernel it holds what features copy into it; the entry
   * code and the CPU entry area are left out.
   */

  /** Context 0 means nothing, 1 is the kernel's own. */
  private static final long FIRST_CONTEXT = 2;

  private final Machine machine;
  private final TableSource pgds;
  private final PageTables tables;
  private final TlbShootdown shootdown;
  private final EventLog events;
  private final long kernelRootPa;
  private final boolean isolates;
  private final List<MmFeature> features = new ArrayList<>();
  private long contexts = FIRST_CONTEXT;
  private int tasks;

  /**
   * Processes of one kernel.
   *
   * @param kernelRootPa top table of {@code init_mm}
   * @param isolates whether page-table isolation is on
   */
  public Processes(
      Machine machine,
      PageAllocator allocator,
      PageTables tables,
      TlbShootdown shootdown,
      long kernelRootPa,
      boolean isolates) {
    this.machine = machine;
    this.events = machine.events();
    this.pgds = TablePages.forProcesses(allocator, machine.memory(), tables.format());
    this.tables = tables;
    this.shootdown = shootdown;
    this.kernelRootPa = kernelRootPa;
    this.isolates = isolates;
    if (isolates && !tables.format().name().startsWith("x86_64")) {
      throw new IllegalArgumentException(
          "page-table isolation with two top tables exists on x86-64, not " + tables.format());
    }
  }

  /** Adds something that every address space made from here on has. */
  public void add(MmFeature feature) {
    features.add(feature);
  }

  // ---- address spaces

  /** Makes an address space without user mappings; null when memory is short. */
  public @Nullable Mm createMm(Cpu cpu) {
    PteFormat format = tables.format();
    int top = format.topLevel();
    long kernelPgdPa =
        isolates ? tables.allocatePair(cpu, top, pgds) : tables.allocateTable(cpu, top, pgds);
    if (kernelPgdPa == TableSource.NONE) {
      return null;
    }
    fillPgd(cpu, kernelPgdPa);
    long userPgdPa = isolates ? kernelPgdPa + format.pageBytes() : Mm.NO_PGD;
    contexts++;
    Mm mm = new Mm(new MmTlb(contexts, kernelPgdPa, userPgdPa, machine.cpus()));
    events.record(MmEvent.MM_CREATED, cpu.id(), contexts, kernelPgdPa, userPgdPa);
    for (MmFeature feature : features) {
      if (feature.create(cpu, mm) != 0) {
        exit(cpu, mm);
        return null;
      }
    }
    return mm;
  }

  private void fillPgd(Cpu cpu, long pgdPa) {
    PteFormat format = tables.format();
    long firstKernel = (long) UserRange.firstKernelIndex(format) * Long.BYTES;
    long bytes = format.tableBytes(format.topLevel());
    tables.enterRun(cpu);
    for (long at = 0; at < bytes; at += Long.BYTES) {
      long entry = at >= firstKernel ? tables.readEntry(cpu, kernelRootPa + at) : 0;
      tables.writeUnpublished(cpu, pgdPa + at, entry);
      if (isolates) {
        tables.writeUnpublished(cpu, pgdPa + format.pageBytes() + at, 0);
      }
    }
    tables.leaveRun(cpu);
  }

  /**
   * Ends an address space that no task runs in any more. Models {@code __mmput()} and {@code
   * __mmdrop()}: CPUs that still use its tables lazily leave them first.
   */
  public void exit(Cpu cpu, Mm mm) {
    if (mm.isDead()) {
      throw new IllegalArgumentException(mm + " ended already");
    }
    events.record(MmEvent.MM_EXIT, cpu.id(), mm.contextId(), 0, 0);
    for (MmFeature feature : features) {
      feature.exit(cpu, mm);
    }
    leaveEverywhere(mm);
    for (MmFeature feature : features) {
      feature.destroy(cpu, mm);
    }
    mm.markDead();
    int top = tables.format().topLevel();
    if (isolates) {
      tables.freePair(cpu, mm.kernelPgdPa(), top, pgds);
    } else {
      tables.freeTable(cpu, mm.kernelPgdPa(), top, pgds);
    }
    events.record(MmEvent.MM_DESTROYED, cpu.id(), mm.contextId(), 0, 0);
  }

  // ---- tasks

  /** A task, not running yet; user tasks need an address space. */
  public Task createTask(Task.Kind kind, @Nullable Mm mm) {
    if (kind == Task.Kind.USER && mm == null) {
      throw new IllegalArgumentException("a user task needs an address space");
    }
    tasks++;
    return new Task(tasks, kind, mm);
  }

  /**
   * Lets {@code next} run on a CPU. Models {@code context_switch()}: a task without an address
   * space keeps using the tables of the last one, lazily.
   */
  public void run(Cpu cpu, Task next) {
    Task previous = Task.current(cpu);
    if (previous == next) {
      return;
    }
    if (next.cpuId() != Task.NOWHERE) {
      throw new IllegalArgumentException(next + " runs on CPU " + next.cpuId());
    }
    if (next.migrateDisabled() > 0 && next.lastCpuId() != cpu.id()) {
      throw new IllegalArgumentException(next + " may not leave CPU " + next.lastCpuId());
    }
    if (previous != null) {
      previous.stop(cpu);
    }
    Mm mm = next.mm();
    if (mm == null) {
      shootdown.enterLazy(cpu);
    } else {
      switchTo(cpu, mm);
    }
    for (MmFeature feature : features) {
      feature.switchTask(cpu, previous, next);
    }
    next.start(cpu);
    events.record(MmEvent.TASK_RUNS, cpu.id(), next.id(), mm == null ? -1 : mm.contextId(), 0);
  }

  /** A kernel thread works on behalf of a process. Models {@code kthread_use_mm()}. */
  public void useMm(Cpu cpu, Mm mm) {
    Task task = Task.current(cpu);
    if (task == null || task.kind() == Task.Kind.USER || task.mm() != null) {
      throw new IllegalArgumentException(task + " cannot borrow " + mm);
    }
    switchTo(cpu, mm);
    task.setMm(mm);
  }

  private void switchTo(Cpu cpu, Mm mm) {
    shootdown.switchMm(cpu, mm.tlb());
    for (MmFeature feature : features) {
      feature.switchTo(cpu, mm);
    }
  }

  /** The kernel thread is done with it. Models {@code kthread_unuse_mm()}. */
  public void unuseMm(Cpu cpu) {
    Task task = Task.current(cpu);
    if (task == null || task.kind() == Task.Kind.USER || task.mm() == null) {
      throw new IllegalArgumentException(task + " borrowed nothing");
    }
    task.setMm(null);
    shootdown.enterLazy(cpu);
  }

  /** CPUs that use the tables lazily go over to the kernel's. Models {@code leave_mm()}. */
  private void leaveEverywhere(Mm mm) {
    for (int i = 0; i < machine.cpus(); i++) {
      if (shootdown.state(i).loaded() == mm.tlb()) {
        shootdown.switchMm(machine.cpu(i), shootdown.kernelMm());
        for (MmFeature feature : features) {
          feature.switchTo(machine.cpu(i), null);
        }
      }
    }
  }
}
