package org.pagewright.hardware.cpu;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A lock that one task holds and that others sleep for until a signal kills them. Models {@code
 * down_write_killable()} and {@code up_write()} (kernel/locking/rwsem.c) without readers.
 *
 * <p>In a straight run nobody else can release it, so a contended lock is a mistake of the kernel
 * at hand: it is reported and held all the same.
 */
public final class KillableLock {
  private final int identity;
  private @Nullable Cpu owner;

  /**
   * A free lock.
   *
   * @param identity tells it from others in steps and messages
   */
  public KillableLock(int identity) {
    this.identity = identity;
  }

  /**
   * Takes the lock; may sleep.
   *
   * @param isKilled asked while it waits
   * @return false if the waiting task was killed and does not have the lock
   */
  public boolean acquire(Cpu cpu, BooleanSupplier isKilled) {
    cpu.maySleep();
    cpu.step(Step.LOCK, identity);
    cpu.charge(Primitive.LOCK);
    if (owner != null) {
      wait(cpu, new Turn(isKilled));
      if (owner != null && isKilled.getAsBoolean()) {
        return false;
      }
    }
    owner = cpu;
    return true;
  }

  private void wait(Cpu cpu, Turn turn) {
    Interleaving interleaving = cpu.machine().interleaving();
    if (owner == cpu) {
      cpu.broke(ExecutionRule.LOCK_RECURSION, identity);
    } else if (interleaving == null) {
      cpu.broke(ExecutionRule.LOCK_NEVER_RELEASED, identity);
    } else {
      interleaving.waitUntil(cpu, turn);
    }
  }

  /** Gives the lock back. */
  public void release(Cpu cpu) {
    cpu.step(Step.UNLOCK, identity);
    if (owner != cpu) {
      cpu.broke(ExecutionRule.LOCK_NOT_HELD, identity);
      return;
    }
    owner = null;
  }

  /** What a waiter waits for. */
  private final class Turn implements Interleaving.Condition {
    private final BooleanSupplier isKilled;

    Turn(BooleanSupplier isKilled) {
      this.isKilled = isKilled;
    }

    @Override
    public boolean holds() {
      return owner == null || isKilled.getAsBoolean();
    }

    @Override
    public String describe() {
      return "sleeping lock #" + identity + " held by " + owner;
    }
  }
}
