package org.pagewright.hardware.cpu;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.Coroutine;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.AccessUse;

/**
 * An explored run: every CPU's program is a coroutine, and at each step the scheduler says which
 * CPU goes on.
 *
 * <p>A CPU without a program, or whose program has ended, still takes interrupts. The run ends when
 * all programs have ended and no call is pending, when nobody can go on (a deadlock), when the
 * scheduler stops it, or at the limit of steps.
 *
 * <p>Where the scheduler decides when interrupts come in, a CPU is two actors: its program, by the
 * CPU's number, and the calls that it takes, by its number plus the number of CPUs. The program
 * does not go on while a call is taken.
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
  private final int cpus;
  private final int actors;

  /** By actor, what it waits for before its step, or without one. */
  private final @Nullable Condition[] waits;

  private final boolean[] waitsInStep;
  private final int[] kinds;
  private final long[] addresses;
  private final int[] runnable;
  private long steps;
  private int current = CpuMask.NONE;
  private int chosen = CpuMask.NONE;
  private boolean isStopped;

  /** A run of {@code machine}; its programs are added before {@link #run}. */
  public Interleaving(Machine machine, Scheduler scheduler, long stepLimit) {
    this.machine = machine;
    this.scheduler = scheduler;
    this.stepLimit = stepLimit;
    this.cpus = machine.cpus();
    this.actors = scheduler.decidesInterrupts() ? 2 * cpus : cpus;
    this.programs = new Coroutine[cpus];
    this.waits = new Condition[actors];
    this.waitsInStep = new boolean[actors];
    this.kinds = new int[actors];
    this.addresses = new long[actors];
    this.runnable = new int[actors];
  }

  /** Sets what a CPU does. */
  public void add(Cpu cpu, Program program) {
    if (programs[cpu.id()] != null) {
      throw new IllegalArgumentException(cpu + " has a program already");
    }
    programs[cpu.id()] = new Coroutine(() -> start(cpu, program));
  }

  private void start(Cpu cpu, Program program) {
    if (startsCall(current)) {
      takeCall(cpu);
    }
    program.run(cpu);
  }

  /** Runs to the end. What a program throws comes out here. */
  public Outcome run() {
    machine.beginInterleaving(this);
    try {
      boolean goesOn = choose();
      while (goesOn) {
        current = chosen;
        program(cpuOf(current)).resume();
        // The program has either ended, or chosen its successor before it stopped.
        goesOn = isEnded(cpuOf(current)) ? choose() : chosen != CpuMask.NONE;
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

  /** How the machine's tables are laid out. */
  public PteFormat format() {
    return machine.format();
  }

  /** Tells what the access that this actor takes or is about to take uses. */
  public void foresee(int actor, long va, AccessUse use) {
    machine.cpu(cpuOf(actor)).mmu().foresee(va, use);
  }

  /** Whether the CPU of this actor has loaded a root already, so that loading it only flushes. */
  public boolean hasLoaded(int actor, long root) {
    return machine.cpu(cpuOf(actor)).mmu().hasLoaded(root);
  }

  /** Takes memory {@code [pa, pa + bytes)}. */
  @FunctionalInterface
  public interface MemoryReader {
    void memory(long pa, long bytes);
  }

  /**
   * Tells what the CPU of this actor, or with {@code everywhere} any, may get to by what it
   * remembers: tables that it may walk into, and pages at addresses of the lower half.
   */
  public void eachHeld(int actor, boolean everywhere, MemoryReader reader) {
    long pageBytes = machine.format().pageBytes();
    for (int id = 0; id < cpus; id++) {
      if (everywhere || id == cpuOf(actor)) {
        Cpu cpu = machine.cpu(id);
        cpu.tlb().forEachStructure((level, va, shift, asid, pa) -> reader.memory(pa, pageBytes));
        reader.memory(cpu.registers().root() & machine.format().rootMask(), pageBytes);
        cpu.tlb()
            .forEachEntry((array, va, asid, shift, translation) -> {
              if (va >= 0 && !Translation.isFault(translation)) {
                reader.memory(Translation.pa(translation, va), 1L << shift);
              }
            });
      }
    }
  }

  /** Whether the TLB of this actor's CPU, or with {@code everywhere} any, holds something. */
  public boolean holdsTranslations(int actor, boolean everywhere) {
    for (int id = 0; id < cpus; id++) {
      if ((everywhere || id == cpuOf(actor)) && !machine.cpu(id).tlb().isEmpty()) {
        return true;
      }
    }
    return false;
  }

  // ---- actors

  /** Whether the scheduler decides when interrupts come in. */
  public boolean decidesInterrupts() {
    return actors > cpus;
  }

  /** Who takes the step of which the scheduler hears. */
  public int currentActor() {
    return current;
  }

  private int cpuOf(int actor) {
    return actor < cpus ? actor : actor - cpus;
  }

  private int actorOf(Cpu cpu) {
    return decidesInterrupts() && cpu.isInInterrupt() ? cpus + cpu.id() : cpu.id();
  }

  private boolean startsCall(int actor) {
    return actor >= cpus && !machine.cpu(actor - cpus).isInInterrupt();
  }

  /** The kind of step that an actor is about to take; 0 before its first one. */
  public int nextKind(int actor) {
    return startsCall(actor) ? Step.INTERRUPT : kinds[actor];
  }

  /** The address of the step that an actor is about to take. */
  public long nextAddress(int actor) {
    IpiCall call = startsCall(actor) ? machine.cpu(actor - cpus).pendingCalls.peek() : null;
    return call == null ? addresses[actor] : call.number;
  }

  /** Whether an actor goes on without a step: it waited, or only takes pending calls. */
  public boolean goesOnWithoutStep(int actor) {
    boolean isAtEnd = !decidesInterrupts() && isEnded(actor);
    return isAtEnd || (waits[actor] != null && !waitsInStep[actor]);
  }

  // ---- steps

  @Override
  public void step(Cpu cpu, int kind, long address) {
    stepWhen(cpu, kind, address, null);
  }

  @Override
  public void interruptsOff(Cpu cpu) {
    if (decidesInterrupts()) {
      step(cpu, Step.INTERRUPTS_OFF, 0);
    }
  }

  @Override
  public void stepWhen(Cpu cpu, int kind, long address, @Nullable Condition condition) {
    int actor = actorOf(cpu);
    do {
      kinds[actor] = kind;
      addresses[actor] = address;
      waits[actor] = condition;
      waitsInStep[actor] = true;
      pass(cpu, actor);
      waits[actor] = null;
      waitsInStep[actor] = false;
    } while (tookCall(cpu, actor, condition));
    scheduler.step(cpu.id(), kind, address);
    deliverAtOnce(cpu);
    Speculation speculation = machine.speculation();
    if (speculation != null) {
      speculation.step(cpu, kind, address);
    }
  }

  /** Whether the CPU went on to take a call of another CPU instead of its own step. */
  private boolean tookCall(Cpu cpu, int actor, @Nullable Condition condition) {
    if (current != actor) {
      takeCall(cpu);
      return true;
    }
    if (condition != null && !condition.holds()) {
      deliverAtOnce(cpu);
      return true;
    }
    return false;
  }

  private void takeCall(Cpu cpu) {
    scheduler.step(cpu.id(), Step.INTERRUPT, nextAddress(current));
    machine.interrupts().deliverNext(cpu);
  }

  private void deliverAtOnce(Cpu cpu) {
    if (!decidesInterrupts() && cpu.interruptsEnabled() && !cpu.pendingCalls.isEmpty()) {
      machine.interrupts().deliver(cpu);
    }
  }

  /** Stops {@code cpu} until the condition holds; meanwhile it takes interrupts if they are on. */
  void waitUntil(Cpu cpu, Condition condition) {
    int actor = actorOf(cpu);
    while (!condition.holds()) {
      waits[actor] = condition;
      pass(cpu, actor);
      waits[actor] = null;
      if (current != actor) {
        takeCall(cpu);
      }
      deliverAtOnce(cpu);
    }
  }

  /** Lets the scheduler say who goes on, and returns when it is this CPU's turn. */
  private void pass(Cpu cpu, int actor) {
    steps++;
    current = actor;
    if (!choose() || cpuOf(chosen) != cpu.id()) {
      Coroutine.suspend();
    }
    current = chosen;
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
    for (int actor = 0; actor < actors; actor++) {
      if (actor != current && canGoOn(actor)) {
        runnable[count++] = actor;
      }
    }
    return count;
  }

  private boolean canGoOn(int actor) {
    int id = cpuOf(actor);
    Cpu cpu = machine.cpu(id);
    boolean hasCall = cpu.interruptsEnabled() && !cpu.pendingCalls.isEmpty();
    if (startsCall(actor)) {
      return hasCall;
    }
    Condition wait = waits[actor];
    boolean isStuck = (actor < cpus && isEnded(id)) || (wait != null && !wait.holds());
    if (decidesInterrupts()) {
      return !isStuck && actorOf(cpu) == actor;
    }
    return !isStuck || hasCall;
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
      program = new Coroutine(() -> deliverAfterEnd(cpu));
      programs[id] = program;
    }
    return program;
  }

  private void deliverAfterEnd(Cpu cpu) {
    if (decidesInterrupts()) {
      takeCall(cpu);
    } else {
      machine.interrupts().deliver(cpu);
    }
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
        Condition wait = decidesInterrupts() ? waits[actorOf(machine.cpu(id))] : waits[id];
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
