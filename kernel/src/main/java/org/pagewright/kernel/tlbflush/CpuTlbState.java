package org.pagewright.kernel.tlbflush;

/**
 * What a CPU remembers about the translations it may hold. Models {@code struct tlb_state} (x86,
 * Linux 7.0); other architectures use the loaded address space and lazy mode only.
 */
public final class CpuTlbState {
  /** {@code TLB_NR_DYN_ASIDS}. */
  public static final int SLOTS = 6;

  /**
   * Loaded while a CPU is between two address spaces: it may hold translations of either. Models
   * {@code LOADED_MM_SWITCHING}.
   */
  public static final MmTlb SWITCHING =
      new MmTlb(-1, MmTlb.NO_ROOT, MmTlb.NO_ROOT, /* cpuCount= */ 1);

  /** Nothing was loaded into a slot yet. */
  private static final long NO_CONTEXT = 0;

  /** What steps on the state of CPU 0 name as their address; no frame has it. */
  private static final long STEPS = 1L << 62;

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

  /** What steps on the state of a CPU name as their address, for other CPUs read it. */
  public static long stepAddress(int cpu) {
    return STEPS + cpu;
  }

  /** The address space whose tables the CPU walks, or {@link #SWITCHING}. */
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

  /** Others must not rely on what was loaded any more, nor yet on what is to come. */
  void beginSwitch() {
    loaded = SWITCHING;
  }

  /** Says whose translations of which generation a slot holds from the next load of a root on. */
  void assign(int which, MmTlb mm, long generation) {
    contexts[which] = mm.contextId();
    generations[which] = generation;
  }

  /** The root of {@code mm} is loaded. */
  void finishSwitch(MmTlb mm, int newSlot) {
    loaded = mm;
    slot = newSlot;
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
