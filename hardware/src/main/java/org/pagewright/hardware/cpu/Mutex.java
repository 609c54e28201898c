package org.pagewright.hardware.cpu;

import org.jspecify.annotations.Nullable;

/**
 * A lock that its owner may hold while it sleeps. Models {@code struct mutex}
 * (include/linux/mutex.h): it belongs to a task, and whoever wants it must be able to sleep.
 *
 * <p>Waiting works as for a {@link SpinLock}: in an explored run a CPU waits until the owner has
 * released; in a straight run a held mutex is a mistake of the kernel at hand, which is reported.
 * Left out: spinning on the owner, and what else a CPU would run meanwhile.
 */
public final class Mutex implements Interleaving.Condition {
  private final LockClass lockClass;
  private final int identity;
  private @Nullable Object owner;

  /**
   * A free mutex.
   *
   * @param identity tells it apart from other locks in steps
   */
  public Mutex(String name, int identity) {
    this.lockClass = new LockClass(name);
    this.identity = identity;
  }

  /** Models {@code mutex_lock()}. */
  public void acquire(Cpu cpu) {
    cpu.maySleep();
    cpu.stepWhen(Step.LOCK, identity, isHeldBy(cpu) ? null : this);
    if (owner != null) {
      cpu.broke(
          isHeldBy(cpu) ? ExecutionRule.LOCK_RECURSION : ExecutionRule.LOCK_NEVER_RELEASED,
          identity);
    }
    cpu.charge(lockClass.price());
    owner = self(cpu);
    record(cpu, HardwareEvent.LOCK_ACQUIRE);
  }

  /** Models {@code mutex_unlock()}. */
  public void release(Cpu cpu) {
    cpu.step(Step.UNLOCK, identity);
    if (!isHeldBy(cpu)) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    owner = null;
    record(cpu, HardwareEvent.LOCK_RELEASE);
  }

  private void record(Cpu cpu, int kind) {
    EventLog events = cpu.machine().events();
    if (events.isRecording()) {
      events.record(kind, cpu.id(), cpu.machine().lockOrder().number(lockClass), identity, 0);
    }
  }

  /** Whether the task that runs on {@code cpu} has it. Models {@code mutex_get_owner()}. */
  public boolean isHeldBy(Cpu cpu) {
    return owner != null && owner.equals(self(cpu));
  }

  /** Whether anybody has it. */
  public boolean isHeld() {
    return owner != null;
  }

  private static Object self(Cpu cpu) {
    Object task = cpu.task();
    return task == null ? cpu : task;
  }

  @Override
  public boolean holds() {
    return owner == null;
  }

  @Override
  public String describe() {
    return "mutex " + lockClass.name() + " held by " + owner;
  }

  @Override
  public String toString() {
    return "mutex " + lockClass.name();
  }
}
