package org.pagewright.kernel.tlbflush;

/**
 * What a CPU remembers about the translations it may hold. Models {@code struct tlb_state} (x86,
 * Linux 7.0); other architectures use the loaded address space and lazy mode only.
 */
public final class CpuTlbState {
  /** {@code TLB_NR_DYN_ASIDS}. */
  public static final int SLOTS = 6;

  /** Nothing was loaded into a slot yet. */
  private static final long NO_CONTEXT = 0;

  private final long[] contexts = new long[SLOTS];
  private final long[] generations = new long[SLOTS];
  private MmTlb loaded;
  private int slot;
  private int nextSlot;
  private boolean mustInvalidateOthers;
  private int userFlushMask;
  private boolean isInUserMode;

  CpuTlbState(MmTlb initial) {
    this.loaded = initial;
    this.contexts[0] = initial.contextId();
    this.nextSlot = 1;
  }

  /** Whether the CPU runs on user mode's tables, so that an interrupt has to leave them first. */
  boolean isInUserMode() {
    return isInUserMode;
  }

  void setInUserMode(boolean isInUser) {
    isInUserMode = isInUser;
  }

  /** The address space whose tables the CPU walks. */
  public MmTlb loaded() {
    return loaded;
  }

  /** Slot of the loaded address space; the hardware number is derived from it. */
  public int slot() {
    return slot;
  }

  long generation() {
    return generations[slot];
  }

  void setGeneration(long generation) {
    generations[slot] = generation;
  }

  /** Kernel flushes reached only this address space: the others are behind. */
  void invalidateOthersLater() {
    mustInvalidateOthers = true;
  }

  boolean mustInvalidateOthers() {
    return mustInvalidateOthers;
  }

  /** Forgets every other slot, so that its next use flushes. Models {@code clear_asid_other()}. */
  void forgetOthers() {
    for (int i = 0; i < SLOTS; i++) {
      if (i != slot) {
        contexts[i] = NO_CONTEXT;
      }
    }
    mustInvalidateOthers = false;
  }

  /** Finds the slot that still belongs to a context, or -1. */
  int slotOf(long contextId) {
    for (int i = 0; i < SLOTS; i++) {
      if (contexts[i] == contextId) {
        return i;
      }
    }
    return -1;
  }

  long generationOf(int candidate) {
    return generations[candidate];
  }

  /** Takes the next slot in turn. */
  int claimSlot() {
    int claimed = nextSlot % SLOTS;
    nextSlot = claimed + 1;
    return claimed;
  }

  void load(MmTlb mm, int newSlot, long generation) {
    loaded = mm;
    slot = newSlot;
    contexts[newSlot] = mm.contextId();
    generations[newSlot] = generation;
  }

  /** The user half of a slot has to be flushed before user mode runs on it. */
  void flushUserLater(int which) {
    userFlushMask |= 1 << which;
  }

  boolean takeUserFlush(int which) {
    boolean pending = (userFlushMask & 1 << which) != 0;
    userFlushMask &= ~(1 << which);
    return pending;
  }
}
