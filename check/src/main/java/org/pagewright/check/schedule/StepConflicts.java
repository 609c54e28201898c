package org.pagewright.check.schedule;

import java.util.Arrays;
import org.pagewright.hardware.cpu.Step;

/**
 * What each CPU used last, and so which earlier steps a step does not commute with.
 *
 * <p>Objects are memory, locks and virtual addresses, each by address. Besides, an access through
 * the MMU meets every entry write, a flush or root load meets every write to what has no address
 * (free lists, indexes of files), and a call to other CPUs or its arrival meets everything.
 */
public final class StepConflicts {
  private static final int NOTHING = -1;
  private static final int SLOTS_AT_FIRST = 64;

  private final int cpus;

  /** Hash table: keys, and for each the last write and each CPU's last read, as step numbers. */
  private long[] keys = new long[SLOTS_AT_FIRST];

  private int[] uses;
  private int used;

  /** Each CPU's last step of any kind. */
  private final int[] lastSteps;

  private int lastGlobal = NOTHING;
  private int globalCpu = NOTHING;

  /** Each CPU's last entry write, MMU access, write without address, flush. */
  private final int[] lastEntryWrites;

  private final int[] lastAccesses;
  private final int[] lastPlainWrites;
  private final int[] lastFlushes;

  /** Nothing used yet. */
  public StepConflicts(int cpus) {
    this.cpus = cpus;
    this.uses = new int[SLOTS_AT_FIRST * (cpus + 1)];
    this.lastSteps = new int[cpus];
    this.lastEntryWrites = new int[cpus];
    this.lastAccesses = new int[cpus];
    this.lastPlainWrites = new int[cpus];
    this.lastFlushes = new int[cpus];
    clear();
  }

  /** Forgets all steps. */
  public void clear() {
    if (used > 0) {
      Arrays.fill(keys, 0);
    }
    used = 0;
    lastGlobal = NOTHING;
    for (int cpu = 0; cpu < cpus; cpu++) {
      lastSteps[cpu] = NOTHING;
      lastEntryWrites[cpu] = NOTHING;
      lastAccesses[cpu] = NOTHING;
      lastPlainWrites[cpu] = NOTHING;
      lastFlushes[cpu] = NOTHING;
    }
  }

  // ---- kinds of steps

  /** Whether it meets every step of another CPU. */
  static boolean isGlobal(int kind, boolean isInterrupted) {
    return isInterrupted || kind == Step.IPI_SEND || kind >= Step.FIRST_KERNEL_KIND;
  }

  private static boolean isFlush(int kind) {
    return kind == Step.INVALIDATE || kind == Step.ROOT_LOAD;
  }

  private static boolean isPlainWrite(int kind, long address) {
    return kind == Step.STORE && address < 0;
  }

  private static boolean writes(int kind) {
    return switch (kind) {
      case Step.STORE, Step.ENTRY_WRITE, Step.LOCK, Step.UNLOCK, Step.ACCESS -> true;
      default -> false;
    };
  }

  /** Names the object; 0 for none. */
  private static long key(int kind, long address) {
    return switch (kind) {
      case Step.LOAD, Step.STORE, Step.ENTRY_READ, Step.ENTRY_WRITE -> address << 2 | 1;
      case Step.LOCK, Step.UNLOCK -> address << 2 | 2;
      case Step.ACCESS -> address << 2 | 3;
      default -> 0;
    };
  }

  /** Whether two steps of different CPUs, not taken yet, may not be exchanged. */
  static boolean conflict(int kind, long address, int otherKind, long otherAddress) {
    if (isGlobal(kind, false) || isGlobal(otherKind, false)) {
      return true;
    }
    long key = key(kind, address);
    if (key != 0 && key == key(otherKind, otherAddress)) {
      return writes(kind) || writes(otherKind);
    }
    return isMixed(kind, address, otherKind) || isMixed(otherKind, otherAddress, kind);
  }

  private static boolean isMixed(int kind, long address, int otherKind) {
    return (kind == Step.ENTRY_WRITE && otherKind == Step.ACCESS)
        || (isPlainWrite(kind, address) && isFlush(otherKind));
  }

  // ---- steps of a run

  /**
   * Finds, for each other CPU, its last step that may not be exchanged with this one, and notes the
   * step.
   *
   * @param number of the step, ascending
   * @param isInterrupted whether calls of other CPUs come in with it
   * @param last is given the numbers by CPU; -1 for none
   */
  public void take(int number, int cpu, int kind, long address, boolean isInterrupted, int[] last) {
    Arrays.fill(last, 0, cpus, NOTHING);
    if (isGlobal(kind, isInterrupted)) {
      System.arraycopy(lastSteps, 0, last, 0, cpus);
      lastGlobal = number;
      globalCpu = cpu;
    } else {
      collect(cpu, kind, address, last);
    }
    note(number, cpu, kind, address);
    last[cpu] = NOTHING;
  }

  private void collect(int cpu, int kind, long address, int[] last) {
    if (lastGlobal != NOTHING) {
      last[globalCpu] = lastGlobal;
    }
    for (int other = 0; other < cpus; other++) {
      switch (kind) {
        case Step.ENTRY_WRITE -> last[other] = Math.max(last[other], lastAccesses[other]);
        case Step.ACCESS -> last[other] = Math.max(last[other], lastEntryWrites[other]);
        default -> {}
      }
      if (isFlush(kind)) {
        last[other] = Math.max(last[other], lastPlainWrites[other]);
      } else if (isPlainWrite(kind, address)) {
        last[other] = Math.max(last[other], lastFlushes[other]);
      }
    }
    long key = key(kind, address);
    if (key != 0) {
      collectUsers(slot(key), cpu, writes(kind), last);
    }
  }

  private void collectUsers(int slot, int cpu, boolean isWrite, int[] last) {
    int at = slot * (cpus + 1);
    int write = uses[at];
    if (write != NOTHING) {
      int writer = write % cpus;
      last[writer] = Math.max(last[writer], write / cpus);
    }
    for (int other = 0; isWrite && other < cpus; other++) {
      if (other != cpu) {
        last[other] = Math.max(last[other], uses[at + 1 + other]);
      }
    }
  }

  private void note(int number, int cpu, int kind, long address) {
    lastSteps[cpu] = number;
    if (kind == Step.ENTRY_WRITE) {
      lastEntryWrites[cpu] = number;
    } else if (kind == Step.ACCESS) {
      lastAccesses[cpu] = number;
    } else if (isFlush(kind)) {
      lastFlushes[cpu] = number;
    } else if (isPlainWrite(kind, address)) {
      lastPlainWrites[cpu] = number;
    }
    long key = key(kind, address);
    if (key != 0) {
      int at = slot(key) * (cpus + 1);
      if (writes(kind)) {
        uses[at] = number * cpus + cpu;
      } else {
        uses[at + 1 + cpu] = number;
      }
    }
  }

  // ---- hash table

  private int slot(long key) {
    int mask = keys.length - 1;
    int slot = (int) ((key * 0x9e3779b97f4a7c15L) >>> 40) & mask;
    while (keys[slot] != 0 && keys[slot] != key) {
      slot = slot + 1 & mask;
    }
    if (keys[slot] == 0) {
      if (2 * ++used > keys.length) {
        grow();
        return slot(key);
      }
      keys[slot] = key;
      Arrays.fill(uses, slot * (cpus + 1), (slot + 1) * (cpus + 1), NOTHING);
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldUses = uses;
    keys = new long[2 * oldKeys.length];
    uses = new int[keys.length * (cpus + 1)];
    used = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int to = slot(oldKeys[i]) * (cpus + 1);
        System.arraycopy(oldUses, i * (cpus + 1), uses, to, cpus + 1);
      }
    }
  }
}
