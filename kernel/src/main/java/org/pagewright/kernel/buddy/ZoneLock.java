package org.pagewright.kernel.buddy;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * The lock of a zone's free lists and counters. Models {@code zone->lock} and {@code
 * lockdep_assert_held()} in {@code account_freepages()} (mm/page_alloc.c, 6.10).
 *
 * <p>Refills and drains of per-CPU lists, whose price is averaged into that of a page, and requests
 * without a CPU hold it without taking it: for them it costs nothing and is no point where another
 * CPU may come in.
 */
public final class ZoneLock {
  private static final LockClass CLASS =
      new LockClass("zone", /* isNestable= */ false, Primitive.ZONE_LOCK);
  private static final int NOBODY = -1;

  private final SpinLock lock;
  private final int zone;
  private int holder = NOBODY;
  private @Nullable Machine machine;

  ZoneLock(int zone) {
    this.zone = zone;
    this.lock = new SpinLock(CLASS, zone);
  }

  /** Lets changes without the lock be reported on the machine's CPUs. */
  public void watchOn(Machine machine) {
    this.machine = machine;
  }

  /** Models {@code spin_lock_irqsave()}; {@code id} is the CPU's number. */
  public void acquire(@Nullable Cpu cpu, int id) {
    if (cpu != null) {
      lock.acquireInterruptsOff(cpu);
    }
    holder = id;
  }

  /** Models {@code spin_trylock_irqsave()}; false when another CPU holds the lock. */
  public boolean tryAcquire(@Nullable Cpu cpu, int id) {
    if (cpu != null) {
      cpu.disableInterrupts();
      if (!lock.tryAcquire(cpu)) {
        cpu.enableInterrupts();
        return false;
      }
    }
    holder = id;
    return true;
  }

  public void release(@Nullable Cpu cpu) {
    drop();
    if (cpu != null) {
      lock.releaseInterruptsOn(cpu);
    }
  }

  /** Holds the lock at no price of its own. */
  public void hold(int id) {
    holder = id;
  }

  /** Ends what {@link #hold} began. */
  public void drop() {
    Machine on = machine;
    if (on != null && holder != NOBODY) {
      on.events().record(KernelEvent.ZONE_UNLOCKED, holder, zone, 0, 0);
    }
    holder = NOBODY;
  }

  /** Number of the CPU that holds it, or a negative one. */
  int holder() {
    return holder;
  }

  /** Reports a CPU that changes the zone without its lock. */
  void mustBeHeld(int id) {
    Machine on = machine;
    if (holder != id && on != null) {
      on.cpu(id).broke(ExecutionRule.LOCK_REQUIRED, zone);
    }
  }
}
