package org.pagewright.hardware.cpu;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A lock whose waiters sleep, with one owner or any number of readers. Models {@code struct
 * rw_semaphore} (include/linux/rwsem.h).
 *
 * <p>Taking it is forbidden where sleeping is, even when it is free, and holding it leaves
 * preemption on. In an explored run a CPU waits until it may have it. In a straight run nobody else
 * can go on, so a lock that is held against the caller is a mistake of the kernel at hand: it is
 * reported, and the lock is shared from then on. Left out: the order of waiters, and of these locks
 * among each other.
 */
public final class RwSemaphore {
  private final LockClass lockClass;
  private final int identity;
  private @Nullable Cpu owner;
  private int readers;

  private final Interleaving.Condition mayRead =
      new Interleaving.Condition() {
        @Override
        public boolean holds() {
          return owner == null;
        }

        @Override
        public String describe() {
          return "reading under " + RwSemaphore.this;
        }
      };

  private final Interleaving.Condition mayWrite =
      new Interleaving.Condition() {
        @Override
        public boolean holds() {
          return owner == null && readers == 0;
        }

        @Override
        public String describe() {
          return RwSemaphore.this.toString();
        }
      };

  /**
   * A free lock.
   *
   * @param identity tells it apart from other locks in steps and events
   */
  public RwSemaphore(LockClass lockClass, int identity) {
    this.lockClass = lockClass;
    this.identity = identity;
  }

  /** Models {@code down_write()}. */
  public void acquire(Cpu cpu) {
    begin(cpu, Step.LOCK, mayWrite);
    owner = cpu;
    record(cpu, HardwareEvent.LOCK_ACQUIRE, /* isShared= */ false);
  }

  /**
   * Models {@code down_write_killable()}.
   *
   * @param isKilled asked while it waits
   * @return false if the waiting task was killed and does not have the lock
   */
  public boolean acquireKillable(Cpu cpu, BooleanSupplier isKilled) {
    begin(cpu, Step.LOCK, new WriteOrDie(isKilled));
    if (!mayWrite.holds() && isKilled.getAsBoolean()) {
      return false;
    }
    owner = cpu;
    record(cpu, HardwareEvent.LOCK_ACQUIRE, /* isShared= */ false);
    return true;
  }

  /** Models {@code up_write()}. */
  public void release(Cpu cpu) {
    cpu.step(Step.UNLOCK, identity);
    if (owner != cpu) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    owner = null;
    record(cpu, HardwareEvent.LOCK_RELEASE, /* isShared= */ false);
  }

  /** Models {@code down_read()}. */
  public void acquireShared(Cpu cpu) {
    begin(cpu, Step.LOCK_SHARED, mayRead);
    readers++;
    record(cpu, HardwareEvent.LOCK_ACQUIRE, /* isShared= */ true);
  }

  /** Models {@code up_read()}. */
  public void releaseShared(Cpu cpu) {
    cpu.step(Step.UNLOCK_SHARED, identity);
    if (readers == 0) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    readers--;
    record(cpu, HardwareEvent.LOCK_RELEASE, /* isShared= */ true);
  }

  /** Whether {@code cpu} is the one owner. */
  public boolean isHeldBy(Cpu cpu) {
    return owner == cpu;
  }

  @Override
  public String toString() {
    Cpu holder = owner;
    String by = holder == null ? readers + " readers" : holder.toString();
    return lockClass.name() + "#" + identity + " held by " + by;
  }

  private void begin(Cpu cpu, int kind, Interleaving.Condition condition) {
    cpu.maySleep();
    cpu.stepWhen(kind, identity, owner == cpu ? null : condition);
    cpu.charge(lockClass.price());
    if (!condition.holds()) {
      cpu.broke(
          owner == cpu ? ExecutionRule.LOCK_RECURSION : ExecutionRule.LOCK_NEVER_RELEASED,
          identity);
    }
  }

  private void record(Cpu cpu, int kind, boolean isShared) {
    EventLog events = cpu.machine().events();
    if (events.isRecording()) {
      int number = cpu.machine().lockOrder().number(lockClass);
      events.record(kind, cpu.id(), number, identity, isShared ? 1 : 0);
    }
  }

  /** What a writer waits for whom a signal can kill. */
  private final class WriteOrDie implements Interleaving.Condition {
    private final BooleanSupplier isKilled;

    WriteOrDie(BooleanSupplier isKilled) {
      this.isKilled = isKilled;
    }

    @Override
    public boolean holds() {
      return mayWrite.holds() || isKilled.getAsBoolean();
    }

    @Override
    public String describe() {
      return RwSemaphore.this.toString();
    }
  }
}
