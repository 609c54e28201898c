package org.pagewright.hardware.cpu;

import java.util.ArrayList;
import java.util.List;

/**
 * The order in which classes of locks were seen to be acquired. Models what lockdep
 * (kernel/locking/lockdep.c) learns, for spin locks, and works only while somebody reads events.
 *
 * <p>An edge from A to B means that B was acquired while A was held. A new edge that closes a cycle
 * is a possible deadlock, even if the run at hand did not meet it. Left out: read locks, and chains
 * through more than interrupts and spin locks.
 */
final class LockOrder {
  private static final int MAX_CLASSES = 64;

  private final EventLog events;
  private final List<LockClass> classes = new ArrayList<>();

  /** For each class, the classes acquired while it was held, as bits. */
  private final long[] after = new long[MAX_CLASSES];

  /** Classes acquired in interrupt context, as bits. */
  private long inInterrupt;

  /** Classes acquired with interrupts on, as bits. */
  private long withInterruptsOn;

  LockOrder(EventLog events) {
    this.events = events;
  }

  /** The number of a class in events. */
  int number(LockClass lockClass) {
    int index = classes.indexOf(lockClass);
    if (index < 0) {
      index = classes.size();
      if (index == MAX_CLASSES) {
        throw new IllegalArgumentException("more than " + MAX_CLASSES + " classes of locks");
      }
      classes.add(lockClass);
    }
    return index;
  }

  LockClass lockClass(int number) {
    return classes.get(number);
  }

  /** Notes that {@code cpu} is about to acquire a lock of the class, and reports bad orders. */
  void beforeAcquire(Cpu cpu, LockClass lockClass) {
    int index = number(lockClass);
    for (int i = 0; i < cpu.lockDepth(); i++) {
      int held = number(cpu.heldLock(i).lockClass());
      if (held == index) {
        report(cpu, ExecutionRule.LOCK_ORDER, index, !lockClass.isNestable());
      } else if ((after[held] & (1L << index)) == 0) {
        report(cpu, ExecutionRule.LOCK_ORDER, index, reaches(index, held));
        after[held] |= 1L << index;
      }
    }
    noteInterrupts(cpu, index);
  }

  private void noteInterrupts(Cpu cpu, int index) {
    long bit = 1L << index;
    long seen = inInterrupt & withInterruptsOn;
    inInterrupt |= cpu.isInInterrupt() ? bit : 0;
    withInterruptsOn |= cpu.interruptsEnabled() ? bit : 0;
    boolean isNew = (inInterrupt & withInterruptsOn & ~seen & bit) != 0;
    report(cpu, ExecutionRule.LOCK_INTERRUPT_UNSAFE, index, isNew);
  }

  private void report(Cpu cpu, ExecutionRule rule, int index, boolean isBroken) {
    if (isBroken) {
      events.record(HardwareEvent.CONTEXT_RULE, cpu.id(), rule.number(), index, 0);
    }
  }

  /** True when {@code to} was acquired, directly or over others, while {@code from} was held. */
  private boolean reaches(int from, int to) {
    long reached = 0;
    long fresh = after[from];
    while (fresh != 0) {
      reached |= fresh;
      long next = 0;
      for (long rest = fresh; rest != 0; rest &= rest - 1) {
        next |= after[Long.numberOfTrailingZeros(rest)];
      }
      fresh = next & ~reached;
    }
    return (reached & (1L << to)) != 0;
  }
}
