package org.pagewright.hardware.cpu;

/**
 * Kinds of steps: the points where another CPU may come in between.
 *
 * <p>A step is announced before what it names is done, with the address that is touched, so that a
 * search over schedules can tell which steps commute. Kinds from {@link #FIRST_KERNEL_KIND} up are
 * the kernel's.
 */
public final class Step {
  /** Reads shared memory; the address is physical. */
  public static final int LOAD = 1;

  /** Writes shared memory; the address is physical. */
  public static final int STORE = 2;

  /** Acquires a lock; the address is the lock's identity. */
  public static final int LOCK = 3;

  /** Releases a lock; the address is the lock's identity. */
  public static final int UNLOCK = 4;

  /** Reads a page-table entry; the address is physical. */
  public static final int ENTRY_READ = 5;

  /** Writes a page-table entry; the address is physical. */
  public static final int ENTRY_WRITE = 6;

  /** Invalidates in this CPU's TLB; the address is virtual. */
  public static final int INVALIDATE = 7;

  /** Sends a call to other CPUs. */
  public static final int IPI_SEND = 8;

  /** Waits for other CPUs. */
  public static final int IPI_WAIT = 9;

  /** Turns interrupts on: pending calls come in. */
  public static final int INTERRUPTS_ON = 10;

  /** Loads a root register. */
  public static final int ROOT_LOAD = 11;

  /** Accesses memory through the MMU; the address is virtual. */
  public static final int ACCESS = 12;

  /** Waits in a loop for something (cpu_relax()). */
  public static final int RELAX = 13;

  /** Turns interrupts off; announced only where the scheduler decides when they come in. */
  public static final int INTERRUPTS_OFF = 14;

  /** Takes a call of another CPU; the address is the call's number. */
  public static final int INTERRUPT = 15;

  /** Tries a lock, and goes on without it if it is held; the address is the lock's identity. */
  public static final int TRY_LOCK = 16;

  /** Acquires a lock that others may read under at the same time. */
  public static final int LOCK_SHARED = 17;

  /** Releases a lock that others may read under at the same time. */
  public static final int UNLOCK_SHARED = 18;

  /** Gives a table or a block of frames back; the address is physical, plus the block's order. */
  public static final int FREE = 19;

  /** The bits of the address of {@link #FREE} that say the order. */
  public static final int FREED_ORDER = 15;

  /** Invalidates in the TLBs of all CPUs. */
  public static final int INVALIDATE_EVERYWHERE = 20;

  /** Asks for an invalidation that a later step completes: no TLB changes yet. */
  public static final int INVALIDATE_LATER = 21;

  /** Takes from lists that others take from and give back to; the address names the lists. */
  public static final int TAKE = 22;

  /** First kind that is not the hardware's. */
  public static final int FIRST_KERNEL_KIND = 100;

  private Step() {}
}
