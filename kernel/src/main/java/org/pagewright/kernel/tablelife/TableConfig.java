package org.pagewright.kernel.tablelife;

/**
 * What a constructor does besides counting.
 *
 * @param splitPteLocks whether each lowest table of a process has a lock of its own
 * @param splitPmdLocks whether each table above it has one, too
 * @param lockStorage where such a lock stands
 * @param locksKernelTables whether tables of the kernel get such a lock too, which nobody takes:
 *     constructors before Linux 6.16 were not told the owner
 */
public record TableConfig(
    boolean splitPteLocks,
    boolean splitPmdLocks,
    LockStorage lockStorage,
    boolean locksKernelTables) {
  /** Where a table's lock stands. */
  public enum LockStorage {
    /** In the page descriptor: a lock is no larger than a word. */
    IN_DESCRIPTOR,
    /** In a slab cache: with PREEMPT_RT or lock debugging, and where a lock outgrows a word. */
    ALLOCATED
  }

  /** x86-64, arm64, riscv and s390 with four CPUs or more configured. */
  public static final TableConfig SPLIT =
      new TableConfig(true, true, LockStorage.IN_DESCRIPTOR, false);

  /** Kernels for fewer than four CPUs: one lock guards all tables of an address space. */
  public static final TableConfig ONE_LOCK =
      new TableConfig(false, false, LockStorage.IN_DESCRIPTOR, false);

  public TableConfig {
    if (splitPmdLocks && !splitPteLocks) {
      throw new IllegalArgumentException("split PMD locks exist only with split PTE locks");
    }
  }

  /** Whether a table of {@code level} has a lock of its own. */
  public boolean splits(int level) {
    return level == 1 ? splitPteLocks : level == 2 && splitPmdLocks;
  }

  /** Whether a constructor makes a lock for a table of {@code level}. */
  public boolean makesLock(int level, TableOwner owner) {
    return splits(level) && (owner.mayLockTables() || locksKernelTables);
  }

  /** The same with another place for locks. */
  public TableConfig withLockStorage(LockStorage other) {
    return new TableConfig(splitPteLocks, splitPmdLocks, other, locksKernelTables);
  }
}
