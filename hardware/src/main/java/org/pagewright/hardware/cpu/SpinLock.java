package org.pagewright.hardware.cpu;

import org.jspecify.annotations.Nullable;

/**
 * A spin lock. Models {@code spinlock_t} (include/linux/spinlock.h): holding it keeps preemption
 * off.
 *
 * <p>In an explored run a CPU waits until the owner has released. In a straight run an owner cannot
 * go on before the one that waits, so a held lock is a mistake of the kernel at hand: it is
 * reported and the lock is shared from then on. Where two CPUs' clocks say that they would have
 * met, the second one's clock waits.
 */
public final class SpinLock implements Interleaving.Condition {
  private final LockClass lockClass;
  private final int identity;
  private @Nullable Cpu owner;

  /** Owners by mistake, besides {@link #owner}. */
  private int intruders;

  private int lastOwner = CpuMask.NONE;
  private long acquiredCycle;
  private long releasedCycle;

  /**
   * A free lock.
   *
   * @param identity tells locks of the class apart in events and messages
   */
  public SpinLock(LockClass lockClass, int identity) {
    this.lockClass = lockClass;
    this.identity = identity;
  }

  public LockClass lockClass() {
    return lockClass;
  }

  public int identity() {
    return identity;
  }

  /** Number of the CPU that holds the lock, or {@link CpuMask#NONE}. */
  public int owner() {
    Cpu holder = owner;
    return holder == null ? CpuMask.NONE : holder.id();
  }

  public boolean isHeldBy(Cpu cpu) {
    return owner == cpu;
  }

  /** Models {@code spin_lock()}. */
  public void acquire(Cpu cpu) {
    if (cpu.machine().events().isRecording()) {
      cpu.machine().lockOrder().beforeAcquire(cpu, this.lockClass);
    }
    cpu.disablePreemption();
    cpu.stepWhen(Step.LOCK, identity, owner == cpu ? null : this);
    if (owner != null) {
      cpu.broke(
          owner == cpu ? ExecutionRule.LOCK_RECURSION : ExecutionRule.LOCK_NEVER_RELEASED,
          identity);
    }
    take(cpu);
  }

  /** Models {@code spin_lock_irqsave()}: {@link #releaseInterruptsOn} is its counterpart. */
  public void acquireInterruptsOff(Cpu cpu) {
    cpu.disableInterrupts();
    acquire(cpu);
  }

  /** Models {@code spin_unlock_irqrestore()}. */
  public void releaseInterruptsOn(Cpu cpu) {
    release(cpu);
    cpu.enableInterrupts();
  }

  /** Models {@code spin_trylock()}: false when the lock is held. */
  public boolean tryAcquire(Cpu cpu) {
    cpu.disablePreemption();
    cpu.step(Step.TRY_LOCK, identity);
    if (owner != null) {
      if (owner == cpu) {
        cpu.broke(ExecutionRule.LOCK_TRIED_BY_OWNER, identity);
      }
      cpu.charge(Primitive.ATOMIC);
      cpu.enablePreemption();
      return false;
    }
    take(cpu);
    return true;
  }

  /** Models {@code spin_unlock()}. */
  public void release(Cpu cpu) {
    cpu.step(Step.UNLOCK, identity);
    if (!cpu.dropHeld(this)) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    if (intruders > 0) {
      intruders--;
    } else {
      owner = null;
      releasedCycle = cpu.cycles();
    }
    record(cpu, HardwareEvent.LOCK_RELEASE);
    cpu.enablePreemption();
  }

  @Override
  public boolean holds() {
    return owner == null;
  }

  @Override
  public String describe() {
    return this + " held by CPU " + owner();
  }

  @Override
  public String toString() {
    return "lock " + lockClass.name() + "#" + identity;
  }

  private void take(Cpu cpu) {
    if (owner != null) {
      intruders++;
    } else {
      owner = cpu;
      waitUntilReleased(cpu);
      acquiredCycle = cpu.cycles();
    }
    cpu.charge(lockClass.price());
    cpu.addHeld(this);
    record(cpu, HardwareEvent.LOCK_ACQUIRE);
  }

  private void waitUntilReleased(Cpu cpu) {
    if (lastOwner != cpu.id() && lastOwner != CpuMask.NONE) {
      if (acquiredCycle <= cpu.cycles() && cpu.cycles() < releasedCycle) {
        cpu.advanceTo(releasedCycle);
      }
    }
    lastOwner = cpu.id();
  }

  private void record(Cpu cpu, int kind) {
    EventLog events = cpu.machine().events();
    if (events.isRecording()) {
      events.record(kind, cpu.id(), cpu.machine().lockOrder().number(lockClass), identity, 0);
    }
  }
}
