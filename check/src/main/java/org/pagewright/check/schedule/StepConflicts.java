package org.pagewright.check.schedule;

import java.util.Arrays;
import org.pagewright.hardware.cpu.Step;

/**
 * What each actor used last, and so which earlier steps a step does not commute with.
 *
 * <p>Actors are those of {@link org.pagewright.hardware.cpu.Interleaving}: the program of each CPU,
 * and the calls that it takes. Objects are memory, locks, frames and virtual addresses, each by
 * address. Besides, an access through the MMU meets every entry write, a flush or root load meets
 * every write to what has no address (free lists, indexes of files), and a frame that is given back
 * meets every access and flush. Calls meet what their own CPU does with its TLB, with memory, and
 * where it turns interrupts off; they are between what their sender did before and does after.
 *
 * <p>Two steps of which one can only come after the other has made it possible (a lock is released
 * and taken, a call is sent and taken) are ordered, but no race: the other order does not exist.
 */
public final class StepConflicts {
  private static final int NOTHING = -1;
  private static final int SLOTS_AT_FIRST = 64;

  // ---- classes of objects

  private static final int NO_OBJECT = 0;
  private static final int MEMORY = 1;
  private static final int ACQUIRED = 2;
  private static final int RELEASED = 3;
  private static final int ADDRESS = 4;
  private static final int FRAME = 5;
  private static final int CALL = 6;
  private static final int TRIED = 7;

  // ---- what each actor did last

  private static final int ANY = 0;
  private static final int ENTRY_WRITES = 1;
  private static final int ACCESSES = 2;
  private static final int PLAIN_WRITES = 3;
  private static final int FLUSHES = 4;
  private static final int ROOT_LOADS = 5;
  private static final int FREES = 6;
  private static final int INTERRUPTS_ON = 7;
  private static final int INTERRUPTS = 8;

  /** Steps that meet a call and are taken where one may come in before them. */
  private static final int INTERRUPTIBLE = 9;

  private static final int SENDS = 10;
  private static final int GLOBALS = 11;
  private static final int SORTS = 12;

  private final int cpus;
  private final int actors;
  private int pageShift = 12;

  /** Hash table: keys, and for each the last write and each actor's last read. */
  private long[] keys = new long[SLOTS_AT_FIRST];

  private int[] uses;
  private int used;

  /** By actor, its last step of each sort. */
  private final int[] lasts;

  /** By actor, the call that it is taking. */
  private final long[] calls;

  /** By actor, whether its interrupts are off. */
  private final boolean[] isMasked;

  private final int[] races;
  private final int[] orders;

  /** Nothing used yet. */
  public StepConflicts(int cpus) {
    this.cpus = cpus;
    this.actors = 2 * cpus;
    this.uses = new int[SLOTS_AT_FIRST * (actors + 1)];
    this.lasts = new int[actors * SORTS];
    this.calls = new long[actors];
    this.isMasked = new boolean[actors];
    this.races = new int[actors];
    this.orders = new int[actors];
    clear();
  }

  /** Says how large frames are. */
  void setPageShift(int pageShift) {
    this.pageShift = pageShift;
  }

  /** Forgets all steps. */
  public void clear() {
    if (used > 0) {
      Arrays.fill(keys, 0);
    }
    used = 0;
    Arrays.fill(lasts, NOTHING);
    Arrays.fill(isMasked, false);
  }

  // ---- kinds of steps

  /** Whether it meets every step of others: nothing is known of it. */
  static boolean isGlobal(int kind) {
    return kind >= Step.FIRST_KERNEL_KIND;
  }

  private static boolean isFlush(int kind) {
    return kind == Step.INVALIDATE || kind == Step.ROOT_LOAD;
  }

  private static boolean isPlainWrite(int kind, long address) {
    return kind == Step.STORE && address < 0;
  }

  private static boolean isEntry(int kind) {
    return kind == Step.ENTRY_READ || kind == Step.ENTRY_WRITE;
  }

  /** Memory that an interrupt may use, too: no index of a file and no free list. */
  private static boolean isMemoryUse(int kind, long address) {
    return (kind == Step.LOAD || kind == Step.STORE) && address >= 0;
  }

  private static boolean writes(int kind) {
    return switch (kind) {
      case Step.STORE, Step.ENTRY_WRITE, Step.LOCK, Step.TRY_LOCK, Step.ACCESS -> true;
      default -> false;
    };
  }

  private static int classOf(int kind) {
    return switch (kind) {
      case Step.LOAD, Step.STORE, Step.ENTRY_READ, Step.ENTRY_WRITE -> MEMORY;
      case Step.LOCK, Step.LOCK_SHARED, Step.TRY_LOCK -> ACQUIRED;
      case Step.ACCESS -> ADDRESS;
      default -> NO_OBJECT;
    };
  }

  private static boolean isRelease(int kind) {
    return kind == Step.UNLOCK || kind == Step.UNLOCK_SHARED;
  }

  /** Not 0; two objects with one key would only seem to meet. */
  private static long key(int objects, long address) {
    long key = address ^ objects * 0x9e3779b97f4a7c15L;
    return key == 0 ? 1 : key;
  }

  // ---- pairs of steps

  /** Whether two steps of different actors, not taken yet, may not be exchanged. */
  boolean conflict(
      int actor, int kind, long address, int otherActor, int otherKind, long otherAddress) {
    if (isGlobal(kind) || isGlobal(otherKind)) {
      return true;
    }
    int objects = classOf(kind);
    if (objects != NO_OBJECT && objects == classOf(otherKind) && address == otherAddress) {
      return writes(kind) || writes(otherKind);
    }
    boolean isOneCpu = actor % cpus == otherActor % cpus;
    return meets(kind, address, otherKind, otherAddress, isOneCpu)
        || meets(otherKind, otherAddress, kind, address, isOneCpu);
  }

  private boolean meets(int kind, long address, int other, long otherAddress, boolean isOneCpu) {
    return switch (kind) {
      case Step.ENTRY_WRITE -> other == Step.ACCESS;
      case Step.STORE -> address < 0 && isFlush(other);
      case Step.FREE ->
          other == Step.ACCESS
              || isFlush(other)
              || (isEntry(other) && address >>> pageShift == otherAddress >>> pageShift);
      case Step.TRY_LOCK -> isRelease(other) && address == otherAddress;
      case Step.IPI_SEND -> other == Step.IPI_SEND && cpus > 2;
      case Step.ROOT_LOAD -> isOneCpu && (isFlush(other) || other == Step.ACCESS);
      case Step.INVALIDATE -> isOneCpu && other == Step.ACCESS;
      case Step.INTERRUPT -> isOneCpu && meetsInterrupt(other, otherAddress);
      default -> false;
    };
  }

  private static boolean meetsInterrupt(int kind, long address) {
    return kind == Step.INTERRUPTS_OFF
        || kind == Step.ACCESS
        || isFlush(kind)
        || isMemoryUse(kind, address);
  }

  // ---- steps of a run

  /**
   * Finds, for each other actor, its last step that may not be exchanged with this one, and its
   * last one that this one can only follow; then notes the step.
   *
   * @param number of the step, ascending
   */
  public void take(int number, int actor, int kind, long address) {
    Arrays.fill(races, NOTHING);
    Arrays.fill(orders, NOTHING);
    for (int other = 0; other < actors; other++) {
      if (other != actor) {
        collect(other, kind, address, other % cpus == actor % cpus);
      }
    }
    collectUses(kind, address);
    note(number, actor, kind, address);
    races[actor] = NOTHING;
    orders[actor] = NOTHING;
  }

  /** The last step of {@code other} that the step taken last may not be exchanged with, or -1. */
  public int race(int other) {
    return races[other];
  }

  /** The last step of {@code other} that the step taken last can only follow, or -1. */
  public int order(int other) {
    return orders[other];
  }

  private void race(int other, int sort) {
    races[other] = Math.max(races[other], lasts[other * SORTS + sort]);
  }

  private void follow(int other, int sort) {
    orders[other] = Math.max(orders[other], lasts[other * SORTS + sort]);
  }

  private void collect(int other, int kind, long address, boolean isOneCpu) {
    race(other, isGlobal(kind) ? ANY : GLOBALS);
    switch (kind) {
      case Step.ENTRY_WRITE -> race(other, ACCESSES);
      case Step.ACCESS -> {
        race(other, ENTRY_WRITES);
        race(other, FREES);
      }
      case Step.INVALIDATE, Step.ROOT_LOAD -> {
        race(other, PLAIN_WRITES);
        race(other, FREES);
      }
      case Step.FREE -> {
        race(other, ACCESSES);
        race(other, FLUSHES);
      }
      case Step.IPI_SEND -> {
        if (cpus > 2) {
          race(other, SENDS);
        }
      }
      default -> {
        if (isPlainWrite(kind, address)) {
          race(other, FLUSHES);
        }
      }
    }
    if (isOneCpu) {
      collectOfOneCpu(other, kind, address);
    }
  }

  private void collectOfOneCpu(int other, int kind, long address) {
    switch (kind) {
      case Step.ACCESS -> race(other, FLUSHES);
      case Step.INVALIDATE -> {
        race(other, ACCESSES);
        race(other, ROOT_LOADS);
      }
      case Step.ROOT_LOAD -> {
        race(other, ACCESSES);
        race(other, FLUSHES);
      }
      case Step.INTERRUPTS_OFF -> follow(other, ANY);
      case Step.INTERRUPT -> {
        race(other, INTERRUPTIBLE);
        follow(other, INTERRUPTS_ON);
      }
      default -> {}
    }
    if (meetsInterrupt(kind, address)) {
      race(other, INTERRUPTS);
    }
  }

  // ---- objects

  private void collectUses(int kind, long address) {
    switch (kind) {
      case Step.FREE -> raceWith(slot(key(FRAME, address >>> pageShift)), /* alsoReads= */ true);
      case Step.LOCK -> followAll(slot(key(RELEASED, address)));
      case Step.LOCK_SHARED -> follow(uses[slot(key(RELEASED, address)) * (actors + 1)]);
      case Step.TRY_LOCK -> raceWith(slot(key(RELEASED, address)), /* alsoReads= */ true);
      case Step.UNLOCK, Step.UNLOCK_SHARED ->
          raceWith(slot(key(TRIED, address)), /* alsoReads= */ false);
      case Step.INTERRUPT -> follow(uses[slot(key(CALL, address)) * (actors + 1)]);
      case Step.IPI_WAIT -> followAll(slot(key(CALL, address)));
      default -> {
        if (isEntry(kind)) {
          raceWith(slot(key(FRAME, address >>> pageShift)), /* alsoReads= */ false);
        }
      }
    }
    int objects = classOf(kind);
    if (objects != NO_OBJECT) {
      raceWith(slot(key(objects, address)), writes(kind));
    }
  }

  private void raceWith(int slot, boolean alsoReads) {
    int at = slot * (actors + 1);
    if (uses[at] != NOTHING) {
      int who = uses[at] % actors;
      races[who] = Math.max(races[who], uses[at] / actors);
    }
    for (int other = 0; alsoReads && other < actors; other++) {
      races[other] = Math.max(races[other], uses[at + 1 + other]);
    }
  }

  private void followAll(int slot) {
    int at = slot * (actors + 1);
    follow(uses[at]);
    for (int other = 0; other < actors; other++) {
      orders[other] = Math.max(orders[other], uses[at + 1 + other]);
    }
  }

  private void follow(int write) {
    if (write != NOTHING) {
      orders[write % actors] = Math.max(orders[write % actors], write / actors);
    }
  }

  private void note(int number, int actor, int kind, long address) {
    int at = actor * SORTS;
    lasts[at + ANY] = number;
    int sort =
        switch (kind) {
          case Step.ENTRY_WRITE -> ENTRY_WRITES;
          case Step.ACCESS -> ACCESSES;
          case Step.INVALIDATE, Step.ROOT_LOAD -> FLUSHES;
          case Step.FREE -> FREES;
          case Step.INTERRUPTS_ON -> INTERRUPTS_ON;
          case Step.INTERRUPT -> INTERRUPTS;
          case Step.IPI_SEND -> SENDS;
          default -> isPlainWrite(kind, address) ? PLAIN_WRITES : ANY;
        };
    lasts[at + sort] = number;
    if (kind == Step.ROOT_LOAD) {
      lasts[at + ROOT_LOADS] = number;
    }
    if (meetsInterrupt(kind, address) && !isMasked[actor]) {
      lasts[at + INTERRUPTIBLE] = number;
    }
    isMasked[actor] =
        (isMasked[actor] || kind == Step.INTERRUPTS_OFF) && kind != Step.INTERRUPTS_ON;
    if (isGlobal(kind)) {
      lasts[at + GLOBALS] = number;
    }
    noteUses(number, actor, kind, address);
  }

  private void noteUses(int number, int actor, int kind, long address) {
    switch (kind) {
      case Step.FREE -> noteWrite(number, actor, key(FRAME, address >>> pageShift));
      case Step.UNLOCK -> noteWrite(number, actor, key(RELEASED, address));
      case Step.UNLOCK_SHARED -> noteRead(number, actor, key(RELEASED, address));
      case Step.TRY_LOCK -> noteWrite(number, actor, key(TRIED, address));
      case Step.IPI_SEND -> noteWrite(number, actor, key(CALL, address));
      case Step.INTERRUPT -> calls[actor] = address;
      default -> {
        if (isEntry(kind)) {
          noteRead(number, actor, key(FRAME, address >>> pageShift));
        }
      }
    }
    int objects = classOf(kind);
    if (objects != NO_OBJECT) {
      if (writes(kind)) {
        noteWrite(number, actor, key(objects, address));
      } else {
        noteRead(number, actor, key(objects, address));
      }
    }
    if (actor >= cpus) {
      noteRead(number, actor, key(CALL, calls[actor]));
    }
  }

  private void noteWrite(int number, int actor, long key) {
    uses[slot(key) * (actors + 1)] = number * actors + actor;
  }

  private void noteRead(int number, int actor, long key) {
    uses[slot(key) * (actors + 1) + 1 + actor] = number;
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
      Arrays.fill(uses, slot * (actors + 1), (slot + 1) * (actors + 1), NOTHING);
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldUses = uses;
    keys = new long[2 * oldKeys.length];
    uses = new int[keys.length * (actors + 1)];
    used = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int to = slot(oldKeys[i]) * (actors + 1);
        System.arraycopy(oldUses, i * (actors + 1), uses, to, actors + 1);
      }
    }
  }
}
