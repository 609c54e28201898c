package org.pagewright.hardware.cpu;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.Coroutine;

/**
 * An explored run: every CPU's program is a coroutine, and at each step the scheduler says which
 * CPU goes on.
 *
 * <p>A CPU without a program, or whose program has ended, still takes interrupts. The run ends when
 * all programs have ended and no call is pending, when nobody can go on (a deadlock), when the
 * scheduler stops it, or at the limit of steps.
 */
public final class Interleaving implements StepHook {
  /** What a CPU waits for. */
  public interface Condition {
    boolean holds();

    /** For the report of a deadlock. */
    String describe();
  }

  /** What one CPU does. */
  @FunctionalInterface
  public interface Program {
    void run(Cpu cpu);
  }

  /** How a run ended. */
  public enum Ending {
    FINISHED,
    DEADLOCK,
    STEP_LIMIT,
    /** The scheduler has seen enough. */
    STOPPED
  }

  /**
   * The end of a run.
   *
   * @param report for a deadlock, one line per waiting CPU; else empty
   */
  public record Outcome(Ending ending, long steps, String report) {}

  private final Machine machine;
  private final Scheduler scheduler;
  private final long stepLimit;
  private final @Nullable Coroutine[] programs;
  private final @Nullable Condition[] waits;
  private final int[] kinds;
  private final long[] addresses;
  private final int[] runnable;
  private long steps;
  private int current = CpuMask.NONE;
  private int chosen = CpuMask.NONE;
  private boolean isStopped;

  /** A run of {@code machine}; its programs are added before {@link #run}. */
  public Interleaving(Machine machine, Scheduler scheduler, long stepLimit) {
    int cpus = machine.cpus();
    this.machine = machine;
    this.scheduler = scheduler;
    this.stepLimit = stepLimit;
    this.programs = new Coroutine[cpus];
    this.waits = new Condition[cpus];
    this.kinds = new int[cpus];
    this.addresses = new long[cpus];
    this.runnable = new int[cpus];
  }

  /** Sets what a CPU does. */
  public void add(Cpu cpu, Program program) {
    if (programs[cpu.id()] != null) {
      throw new IllegalArgumentException(cpu + " has a program already");
    }
    programs[cpu.id()] = new Coroutine(() -> program.run(cpu));
  }

  /** Runs to the end. What a program throws comes out here. */
  public Outcome run() {
    machine.beginInterleaving(this);
    try {
      boolean goesOn = choose();
      while (goesOn) {
        current = chosen;
        program(current).resume();
        // The program has either ended, or chosen its successor before it stopped.
        goesOn = isEnded(current) ? choose() : chosen != CpuMask.NONE;
      }
      return outcome();
    } finally {
      machine.endInterleaving();
    }
  }

  /** How many steps were taken. */
  public long steps() {
    return steps;
  }

  /** The kind of step that a CPU is about to take; 0 before its first one. */
  public int nextKind(int cpu) {
    return kinds[cpu];
  }

  /** The address of the step that a CPU is about to take. */
  public long nextAddress(int cpu) {
    return addresses[cpu];
  }

  /** Whether a CPU takes pending calls when it goes on, instead of or after its next step. */
  public boolean isInterrupted(int cpu) {
    Cpu target = machine.cpu(cpu);
    return target.interruptsEnabled() && !target.pendingCalls.isEmpty();
  }

  /** Whether a CPU goes on without a step: it waited, or only takes pending calls. */
  public boolean goesOnWithoutStep(int cpu) {
    return waits[cpu] != null || isEnded(cpu);
  }

  @Override
  public void step(Cpu cpu, int kind, long address) {
    kinds[cpu.id()] = kind;
    addresses[cpu.id()] = address;
    pass(cpu);
    scheduler.step(cpu.id(), kind, address);
    if (cpu.interruptsEnabled() && !cpu.pendingCalls.isEmpty()) {
      machine.interrupts().deliver(cpu);
    }
    Speculation speculation = machine.speculation();
    if (speculation != null) {
      speculation.step(cpu, kind, address);
    }
  }

  /** Stops {@code cpu} until the condition holds; meanwhile it takes interrupts if they are on. */
  void waitUntil(Cpu cpu, Condition condition) {
    while (!condition.holds()) {
      waits[cpu.id()] = condition;
      pass(cpu);
      waits[cpu.id()] = null;
      if (cpu.interruptsEnabled() && !cpu.pendingCalls.isEmpty()) {
        machine.interrupts().deliver(cpu);
      }
    }
  }

  /** Lets the scheduler say who goes on, and returns when it is this CPU's turn. */
  private void pass(Cpu cpu) {
    steps++;
    if (!choose() || chosen != cpu.id()) {
      Coroutine.suspend();
    }
  }

  /** Chooses who goes on; false when nobody can or the limit is reached. */
  private boolean choose() {
    chosen = CpuMask.NONE;
    int count = collectRunnable();
    if (count == 0 || steps > stepLimit) {
      return false;
    }
    chosen = count == 1 ? runnable[0] : scheduler.next(this, current, runnable, count);
    isStopped = chosen == CpuMask.NONE;
    return !isStopped;
  }

  private int collectRunnable() {
    int count = 0;
    if (current != CpuMask.NONE && canGoOn(current)) {
      runnable[count++] = current;
    }
    for (int cpu = 0; cpu < runnable.length; cpu++) {
      if (cpu != current && canGoOn(cpu)) {
        runnable[count++] = cpu;
      }
    }
    return count;
  }

  private boolean canGoOn(int id) {
    Cpu cpu = machine.cpu(id);
    Condition wait = waits[id];
    boolean isWaiting = wait != null && !wait.holds();
    if (isEnded(id) || isWaiting) {
      return cpu.interruptsEnabled() && !cpu.pendingCalls.isEmpty();
    }
    return true;
  }

  private boolean isEnded(int cpu) {
    Coroutine program = programs[cpu];
    return program == null || program.isDone();
  }

  /** The coroutine to resume: an ended or absent program is followed by the pending interrupts. */
  private Coroutine program(int id) {
    Coroutine program = programs[id];
    if (program == null || program.isDone()) {
      Cpu cpu = machine.cpu(id);
      program = new Coroutine(() -> machine.interrupts().deliver(cpu));
      programs[id] = program;
    }
    return program;
  }

  private Outcome outcome() {
    if (steps > stepLimit) {
      return new Outcome(Ending.STEP_LIMIT, steps, "");
    }
    if (isStopped) {
      return new Outcome(Ending.STOPPED, steps, "");
    }
    StringBuilder report = new StringBuilder();
    long waiting = 0;
    for (int id = 0; id < programs.length; id++) {
      if (!isEnded(id)) {
        Condition wait = waits[id];
        waiting |= 1L << id;
        report
            .append(report.isEmpty() ? "" : "\n")
            .append("CPU ")
            .append(id)
            .append(machine.cpu(id).interruptsEnabled() ? "" : ", interrupts off,")
            .append(" waits for ")
            .append(wait == null ? "nothing" : wait.describe());
      }
    }
    if (waiting == 0) {
      return new Outcome(Ending.FINISHED, steps, "");
    }
    int first = Long.numberOfTrailingZeros(waiting);
    machine.events().record(HardwareEvent.DEADLOCK, first, waiting, 0, 0);
    return new Outcome(Ending.DEADLOCK, steps, report.toString());
  }
}
