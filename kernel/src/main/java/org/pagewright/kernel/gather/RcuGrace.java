package org.pagewright.kernel.gather;

import java.util.ArrayDeque;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.IpiWork;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Primitive;

/**
 * Grace periods: what was queued runs once every reader that may have seen it is gone.
 *
 * <p>Models {@code rcu_read_lock()}, {@code call_rcu()}, {@code synchronize_rcu()}, {@code
 * synchronize_rcu_expedited()} and {@code rcu_barrier()} (kernel/rcu/tree.c, since 5.0 one flavour
 * for all): a section with interrupts or preemption off is a reader too.
 */
public final class RcuGrace {
  /*
   * What Linux does: a grace period ends when every CPU has passed through a quiescent state (user
   * mode, idle, a context switch) since it began; callbacks that came during one wait for the next.
   *
   * What this does: the same with one list and no tree. In an explored run a CPU passes when it
   * says so (quiescent()) or is idle. In a straight run an operation is never interrupted by
   * another, so every CPU that is not inside a reader passes at once; a grace period then ends when
   * its time is over, by the clock of the CPU that asks.
   *
   * What is left out: boosting, stall warnings, preemptible readers that are switched out, limits
   * on callbacks per softirq.
   */

  /** Something to be done after a grace period. */
  @FunctionalInterface
  public interface Callback {
    void run(Cpu cpu);
  }

  private static final IpiWork NOTHING = target -> target.charge(Primitive.CALL);

  private final Machine machine;
  private final long periodCycles;
  private final int[] readers;
  private final boolean[] isIdle;
  private final long[] passed;

  /** Callbacks whose grace period is in progress, and those that wait for the next one. */
  private ArrayDeque<Callback> current = new ArrayDeque<>();

  private ArrayDeque<Callback> next = new ArrayDeque<>();
  private boolean isInProgress;
  private long endsAtCycle;
  private long completed;
  private long started;
  private boolean isRunning;

  /**
   * Grace periods of one machine.
   *
   * @param periodCycles how long one lasts at least in a straight run
   */
  public RcuGrace(Machine machine, long periodCycles) {
    this.machine = machine;
    this.periodCycles = periodCycles;
    this.readers = new int[machine.cpus()];
    this.isIdle = new boolean[machine.cpus()];
    this.passed = new long[machine.cpus()];
  }

  // ---- readers

  /** Models {@code rcu_read_lock()}: nests. */
  public void readLock(Cpu cpu) {
    readers[cpu.id()]++;
    isIdle[cpu.id()] = false;
  }

  /** Models {@code rcu_read_unlock()}. */
  public void readUnlock(Cpu cpu) {
    assert readers[cpu.id()] > 0 : cpu + " is no reader";
    readers[cpu.id()]--;
  }

  /** Whether a grace period must wait for the CPU. */
  public boolean isReader(Cpu cpu) {
    return readers[cpu.id()] > 0 || cpu.isAtomic();
  }

  // ---- quiescent states

  /** The CPU is in user mode or switches tasks: whatever it read before, it has forgotten. */
  public void quiescent(Cpu cpu) {
    if (isReader(cpu)) {
      throw new IllegalStateException(cpu + " is a reader and cannot be quiescent");
    }
    passed[cpu.id()] = started;
    poll(cpu);
  }

  /** The CPU has nothing to do and is passed over until it reads again. */
  public void enterIdle(Cpu cpu) {
    quiescent(cpu);
    isIdle[cpu.id()] = true;
  }

  /** The CPU has something to do again. */
  public void leaveIdle(Cpu cpu) {
    isIdle[cpu.id()] = false;
  }

  private boolean hasPassed(int id) {
    Cpu cpu = machine.cpu(id);
    if (machine.interleaving() == null) {
      return !isReader(cpu);
    }
    return passed[id] == started || (isIdle[id] && !isReader(cpu));
  }

  private boolean allPassed() {
    for (int id = 0; id < passed.length; id++) {
      if (!hasPassed(id)) {
        return false;
      }
    }
    return true;
  }

  // ---- callbacks

  /** Runs {@code callback} after a grace period. Models {@code call_rcu()}; never sleeps. */
  public void call(Cpu cpu, Callback callback) {
    cpu.charge(Primitive.CALL);
    if (isInProgress) {
      next.add(callback);
    } else {
      current.add(callback);
      begin(cpu);
    }
  }

  private void begin(Cpu cpu) {
    isInProgress = true;
    started++;
    endsAtCycle = cpu.cycles() + periodCycles;
  }

  /** Lets a grace period end whose time has come, and runs its callbacks here. */
  public void poll(Cpu cpu) {
    if (isRunning || isReader(cpu)) {
      return;
    }
    while (isInProgress && isOver(cpu) && allPassed()) {
      end(cpu);
    }
  }

  private boolean isOver(Cpu cpu) {
    return machine.interleaving() != null || cpu.cycles() >= endsAtCycle;
  }

  private void end(Cpu cpu) {
    ArrayDeque<Callback> due = current;
    current = next;
    next = due;
    completed++;
    isInProgress = false;
    if (!current.isEmpty()) {
      begin(cpu);
    }
    isRunning = true;
    cpu.disablePreemption(); // callbacks run in a softirq and may not sleep
    while (!due.isEmpty()) {
      due.poll().run(cpu);
    }
    cpu.enablePreemption();
    isRunning = false;
  }

  /** Callbacks that wait. */
  public int waiting() {
    return current.size() + next.size();
  }

  /** Grace periods that ended so far. */
  public long completed() {
    return completed;
  }

  // ---- waiting

  /** Waits until every reader of this moment is gone. Models {@code synchronize_rcu()}; sleeps. */
  public void synchronize(Cpu cpu) {
    cpu.maySleep();
    Flag done = new Flag();
    call(cpu, done);
    waitFor(cpu, done);
  }

  /**
   * The same with every CPU interrupted to make it hurry. Models {@code
   * synchronize_rcu_expedited()}.
   */
  public void synchronizeExpedited(Cpu cpu) {
    cpu.maySleep();
    interruptOthers(cpu);
    Flag done = new Flag();
    call(cpu, done);
    endsAtCycle = cpu.cycles();
    waitFor(cpu, done);
  }

  /** Waits until everything queued so far has run. Models {@code rcu_barrier()}; sleeps. */
  public void barrier(Cpu cpu) {
    while (waiting() > 0) {
      synchronize(cpu);
    }
  }

  private void waitFor(Cpu cpu, Flag done) {
    while (!done.isSet) {
      passed[cpu.id()] = started;
      if (machine.interleaving() == null) {
        cpu.advanceTo(endsAtCycle);
        poll(cpu);
        if (!done.isSet && !allPassed()) {
          throw new IllegalStateException("a straight run waits for a reader that cannot end");
        }
      } else {
        boolean holds = cpu.waitUntil(new Progress(done));
        assert holds : "the run ended while " + cpu + " waited";
        passed[cpu.id()] = started;
        poll(cpu);
      }
    }
  }

  /**
   * Interrupts every other CPU and waits: whoever walks with interrupts off is done. No grace
   * period. Models {@code tlb_remove_table_sync_one()}.
   */
  public void interruptOthers(Cpu cpu) {
    CpuMask others = new CpuMask(machine.cpus());
    for (int id = 0; id < machine.cpus(); id++) {
      if (id != cpu.id()) {
        others.add(id);
      }
    }
    if (!others.isEmpty()) {
      int stuck = machine.interrupts().call(cpu, others, NOTHING);
      assert stuck >= 0 : stuck;
    }
  }

  /** A callback that somebody waits for. */
  private static final class Flag implements Callback {
    private boolean isSet;

    @Override
    public void run(Cpu cpu) {
      isSet = true;
    }
  }

  /** All that the one who waits needs is done, or can be done by it. */
  private final class Progress implements Interleaving.Condition {
    private final Flag done;

    Progress(Flag done) {
      this.done = done;
    }

    @Override
    public boolean holds() {
      return done.isSet || (isInProgress && allPassed());
    }

    @Override
    public String describe() {
      return "a grace period";
    }
  }
}
