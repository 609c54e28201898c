package org.pagewright.kernel.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.Step;

/**
 * A lock that many readers or one writer hold, and that whoever waits for it sleeps for. Models
 * {@code struct rw_semaphore} (kernel/locking/rwsem.c).
 *
 * <p>In a straight run nobody else can release it, so a contended lock is a mistake of the kernel
 * at hand: it is reported and held all the same. Left out: fairness, being killed while waiting,
 * and the order of such locks, which {@link LockClass} has for spin locks only.
 */
public final class SleepingLock {
  private final String name;
  private final int identity;
  private final Interleaving.Condition readable = new Free(/* forWriter= */ false);
  private final Interleaving.Condition writable = new Free(/* forWriter= */ true);
  private int readers;
  private @Nullable Cpu writer;

  /**
   * A free lock.
   *
   * @param identity tells it from others in steps and messages
   */
  public SleepingLock(String name, int identity) {
    this.name = name;
    this.identity = identity;
  }

  /** Models {@code down_read()}. */
  public void acquireRead(Cpu cpu) {
    waitFor(cpu, readable);
    readers++;
  }

  /** Models {@code up_read()}. */
  public void releaseRead(Cpu cpu) {
    cpu.step(Step.UNLOCK, identity);
    if (readers == 0) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    readers--;
  }

  /** Models {@code down_write()}. */
  public void acquireWrite(Cpu cpu) {
    waitFor(cpu, writable);
    writer = cpu;
  }

  /** Models {@code up_write()}. */
  public void releaseWrite(Cpu cpu) {
    cpu.step(Step.UNLOCK, identity);
    if (writer != cpu) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    writer = null;
  }

  /** Whether the CPU holds it alone. */
  public boolean isWriteHeldBy(Cpu cpu) {
    return writer == cpu;
  }

  /** Whether anybody holds it. */
  public boolean isHeld() {
    return writer != null || readers > 0;
  }

  private void waitFor(Cpu cpu, Interleaving.Condition condition) {
    cpu.maySleep();
    cpu.step(Step.LOCK, identity);
    cpu.charge(Primitive.LOCK);
    if (condition.holds()) {
      return;
    }
    if (writer == cpu) {
      cpu.broke(ExecutionRule.LOCK_RECURSION, identity);
    } else if (!cpu.waitUntil(condition)) {
      cpu.broke(ExecutionRule.LOCK_NEVER_RELEASED, identity);
    }
  }

  @Override
  public String toString() {
    return "lock " + name + "#" + identity;
  }

  /** What a waiting CPU waits for. */
  private final class Free implements Interleaving.Condition {
    private final boolean forWriter;

    Free(boolean forWriter) {
      this.forWriter = forWriter;
    }

    @Override
    public boolean holds() {
      return writer == null && (!forWriter || readers == 0);
    }

    @Override
    public String describe() {
      Cpu holder = writer;
      return SleepingLock.this
          + (holder == null ? " held by " + readers + " readers" : " held by " + holder);
    }
  }
}
