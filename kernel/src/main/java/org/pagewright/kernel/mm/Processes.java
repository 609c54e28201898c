package org.pagewright.kernel.mm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.tlbflush.MmTlb;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Makes address spaces and tasks, lets tasks run on CPUs, and ends them. Models {@code mm_alloc()},
 * {@code pgd_alloc()}, {@code context_switch()}, {@code exit_mmap()} and {@code __mmdrop()}
 * (kernel/fork.c, kernel/sched/core.c, mm/mmap.c, arch/x86/mm/pgtable.c).
 *
 * <p>What is left out: a scheduler: who runs where is for the caller to say.
 */
public final class Processes {
  /*
   * The top table of a new process has the kernel's entries in its upper half, as far as they
   * exist at boot; the kernel makes all of them then. TopTables knows how, also with page-table
   * isolation and with PAE.
   */

  /** Context 0 means nothing, 1 is the kernel's own. */
  private static final long FIRST_CONTEXT = 2;

  private final Machine machine;
  private final TopTables topTables;
  private final TlbShootdown shootdown;
  private final EventLog events;
  private final List<MmFeature> features = new ArrayList<>();
  private long contexts = FIRST_CONTEXT;
  private int tasks;

  /** Processes with top tables from {@code topTables}. */
  public Processes(Machine machine, TlbShootdown shootdown, TopTables topTables) {
    this.machine = machine;
    this.events = machine.events();
    this.shootdown = shootdown;
    this.topTables = topTables;
    shootdown.setLazyLeave(this::leftLazily);
  }

  private void leftLazily(Cpu cpu) {
    for (MmFeature feature : features) {
      feature.switchTo(cpu, null);
    }
  }

  /** Adds something that every address space made from here on has. */
  public void add(MmFeature feature) {
    features.add(feature);
  }

  // ---- address spaces

  /** Makes an address space without user mappings; null when memory is short. */
  public @Nullable Mm createMm(Cpu cpu) {
    long kernelPgdPa = topTables.allocate(cpu);
    if (kernelPgdPa == TopTables.NONE) {
      return null;
    }
    long userPgdPa = topTables.isIsolated() ? topTables.userRootPa(kernelPgdPa) : Mm.NO_PGD;
    contexts++;
    Mm mm = new Mm(new MmTlb(contexts, kernelPgdPa, userPgdPa, machine.cpus()), events);
    events.record(MmEvent.MM_CREATED, cpu.id(), contexts, kernelPgdPa, userPgdPa);
    for (MmFeature feature : features) {
      if (feature.create(cpu, mm) != 0) {
        exit(cpu, mm);
        return null;
      }
    }
    return mm;
  }

  /**
   * Makes the address space of a forked process, with what features copy. User mappings are the
   * caller's part. Models {@code dup_mm()} and {@code arch_dup_mmap()}; null when memory is short.
   */
  public @Nullable Mm duplicateMm(Cpu cpu, Mm from) {
    Mm to = createMm(cpu);
    if (to == null) {
      return null;
    }
    for (MmFeature feature : features) {
      if (feature.duplicate(cpu, from, to) != 0) {
        exit(cpu, to);
        return null;
      }
    }
    return to;
  }

  /**
   * Gives the task of a CPU a new, empty address space and ends the old one, which it must have had
   * for itself. Models {@code exec_mmap()}.
   *
   * @return the new address space, or null when memory is short and the task goes on as it was
   */
  public @Nullable Mm exec(Cpu cpu) {
    cpu.charge(Primitive.SYSCALL);
    Task task = Task.current(cpu);
    Mm old = task == null ? null : task.mm();
    if (task == null || old == null || task.kind() != Task.Kind.USER) {
      throw new IllegalArgumentException(task + " cannot exec");
    }
    Mm fresh = createMm(cpu);
    if (fresh != null) {
      task.setMm(fresh);
      switchTo(cpu, fresh);
      events.record(MmEvent.TASK_RUNS, cpu.id(), task.id(), fresh.contextId(), 0);
      exit(cpu, old);
    }
    return fresh;
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
    topTables.free(cpu, mm.kernelPgdPa());
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
