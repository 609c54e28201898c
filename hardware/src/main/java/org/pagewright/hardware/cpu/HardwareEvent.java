package org.pagewright.hardware.cpu;

/** Kinds of events that the hardware records in the {@link EventLog}. */
public final class HardwareEvent {
  /** A rule of {@link ExecutionRule} was broken. a: number of the rule; b: detail. */
  public static final int CONTEXT_RULE = 1;

  /** A call on another CPU was sent. a: target; b: number of the call. */
  public static final int IPI_SEND = 2;

  /** A call begins at its target. a: sender; b: number of the call. */
  public static final int IPI_RECEIVE = 3;

  /** A call has ended at its target. a: sender; b: number of the call. */
  public static final int IPI_DONE = 4;

  /** A TLB entry was filled. a: address; b: translation; c: address-space number. */
  public static final int TLB_FILL = 5;

  /**
   * TLB entries were invalidated. a: {@code TlbScope} bits, address-space number from bit 32 up; b
   * and c: range of addresses, if the scope looks at it.
   */
  public static final int TLB_INVALIDATE = 6;

  /** A root register was loaded. a: root; b: address-space number; c: 1 when nothing is flushed. */
  public static final int ROOT_LOAD = 7;

  /**
   * A lock was acquired. a: number of the lock's class; b: identity of the lock; c: 1 if others may
   * share it.
   */
  public static final int LOCK_ACQUIRE = 8;

  /** A lock was released. a: number of the lock's class; b: identity of the lock; c: as before. */
  public static final int LOCK_RELEASE = 9;

  /** An access faulted. a: address; b: fault word; c: access. */
  public static final int FAULT = 10;

  /** An access through the MMU. a: address; b: translation; c: access. */
  public static final int ACCESS = 11;

  /** No CPU can go on. a: bits of the CPUs that wait (the first 64). */
  public static final int DEADLOCK = 12;

  /** A protection-key register was written. a: which register; b: value. */
  public static final int PKEY_WRITE = 13;

  /** A control bit was changed. a: ordinal of {@code Control}; b: value. */
  public static final int CONTROL_WRITE = 14;

  /** Broadcast invalidations were waited for: TLBSYNC, DSB. a: how many had been pending. */
  public static final int BROADCAST_DONE = 15;

  private HardwareEvent() {}
}
