package org.pagewright.check.schedule;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;

/**
 * What each actor used last, and so which earlier steps a step does not commute with.
 *
 * <p>Actors are those of {@link org.pagewright.hardware.cpu.Interleaving}: the program of each CPU,
 * and the calls that it takes. Objects are memory, locks, frames and virtual addresses, each by
 * address. Besides, an access through the MMU meets the reads and writes of entries that it may
 * come by: a walk for an address reads, in whatever table, only the entry where the address's index
 * says at some level. A root load, or a flush of a TLB that holds something, meets every write to
 * what has no address (free lists that something is given back to, indexes of files), one of all
 * TLBs also every access, and a frame that is given back meets every access and flush. Calls meet
 * what their own CPU does with its TLB, with memory, and where it turns interrupts off; they are
 * between what their sender did before and does after.
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

  /** Memory by physical address, used through the MMU. */
  private static final int REACHED = 4;

  private static final int FRAME = 5;
  private static final int CALL = 6;
  private static final int TRIED = 7;

  /** Entries by where they are in their table, for each level; the address is level and index. */
  private static final int WALKED = 8;

  private static final int WRITTEN_AT = 9;

  /** Entries that accesses mark. */
  private static final int MARKED = 10;

  // ---- what each actor did last

  private static final int ANY = 0;
  private static final int FLUSHES_EVERYWHERE = 1;
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

  /** Flushes of a TLB that held something. */
  private static final int DROPS = 12;

  private static final int SORTS = 13;

  private final int cpus;
  private final int actors;
  private int pageShift = 12;
  private @Nullable PteFormat format;
  private @Nullable Interleaving run;

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

  /** Says where the steps are taken, up to the next {@link #clear}. */
  void watch(Interleaving interleaving) {
    run = interleaving;
    setFormat(interleaving.format());
  }

  /** Says how tables are laid out. */
  void setFormat(PteFormat tables) {
    format = tables;
    pageShift = tables.pageShift();
  }

  /** Forgets all steps. */
  public void clear() {
    if (used > 0) {
      Arrays.fill(keys, 0);
    }
    used = 0;
    run = null;
    Arrays.fill(lasts, NOTHING);
    Arrays.fill(isMasked, false);
  }

  // ---- kinds of steps

  /** Whether it meets every step of others: nothing is known of it. */
  static boolean isGlobal(int kind) {
    return kind >= Step.FIRST_KERNEL_KIND;
  }

  private static boolean isFlush(int kind) {
    return kind == Step.INVALIDATE || kind == Step.INVALIDATE_EVERYWHERE || kind == Step.ROOT_LOAD;
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
      case Step.STORE, Step.TAKE, Step.ENTRY_WRITE, Step.LOCK, Step.TRY_LOCK -> true;
      default -> false;
    };
  }

  private static int classOf(int kind) {
    return switch (kind) {
      case Step.LOAD, Step.STORE, Step.TAKE, Step.ENTRY_READ, Step.ENTRY_WRITE -> MEMORY;
      case Step.LOCK, Step.LOCK_SHARED, Step.TRY_LOCK -> ACQUIRED;
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
    if (kind == Step.ACCESS && otherKind == Step.ACCESS) {
      return reachTheSame(actor, address, otherActor, otherAddress);
    }
    if (isPlainWrite(kind, address) && isFlush(otherKind)) {
      return mayDrop(otherActor, otherKind);
    }
    if (isPlainWrite(otherKind, otherAddress) && isFlush(kind)) {
      return mayDrop(actor, kind);
    }
    int objects = classOf(kind);
    if (objects != NO_OBJECT && objects == classOf(otherKind) && address == otherAddress) {
      return writes(kind) || writes(otherKind);
    }
    boolean isOneCpu = actor % cpus == otherActor % cpus;
    return meets(kind, address, otherKind, otherAddress, isOneCpu)
        || meets(otherKind, otherAddress, kind, address, isOneCpu)
        || (kind == Step.ENTRY_READ && marks(otherActor, otherKind, otherAddress, address))
        || (otherKind == Step.ENTRY_READ && marks(actor, kind, address, otherAddress));
  }

  /** Accesses that fault reach nothing; what is remembered may be left for what a walk finds. */
  private boolean reachTheSame(int actor, long va, int otherActor, long otherVa) {
    Interleaving watched = run;
    if (watched == null) {
      return va == otherVa;
    }
    long remembered = watched.rememberedPa(actor, va);
    long walked = watched.walkedPa(actor, va);
    long otherRemembered = watched.rememberedPa(otherActor, otherVa);
    long otherWalked = watched.walkedPa(otherActor, otherVa);
    boolean isRemembered = remembered == otherRemembered || remembered == otherWalked;
    boolean isWalked = walked == otherRemembered || walked == otherWalked;
    return (remembered != NOTHING && isRemembered) || (walked != NOTHING && isWalked);
  }

  /** A flush of TLBs that hold nothing changes nothing that anybody looks at. */
  private boolean mayDrop(int actor, int kind) {
    Interleaving watched = run;
    return kind == Step.ROOT_LOAD
        || watched == null
        || watched.holdsTranslations(actor, kind == Step.INVALIDATE_EVERYWHERE);
  }

  private boolean marks(int actor, int kind, long va, long entryPa) {
    return kind == Step.ACCESS && entryToMark(actor, va) == entryPa;
  }

  private long entryToMark(int actor, long va) {
    Interleaving watched = run;
    return watched == null ? NOTHING : watched.entryToMark(actor, va);
  }

  private boolean meets(int kind, long address, int other, long otherAddress, boolean isOneCpu) {
    return switch (kind) {
      case Step.ENTRY_WRITE -> other == Step.ACCESS && isOnWalk(address, otherAddress);
      case Step.FREE ->
          other == Step.ACCESS
              || isFlush(other)
              || (isEntry(other) && address >>> pageShift == otherAddress >>> pageShift);
      case Step.TRY_LOCK -> isRelease(other) && address == otherAddress;
      case Step.IPI_SEND -> other == Step.IPI_SEND && cpus > 2;
      case Step.ROOT_LOAD -> isOneCpu && (isFlush(other) || other == Step.ACCESS);
      case Step.INVALIDATE -> isOneCpu && other == Step.ACCESS;
      case Step.INVALIDATE_EVERYWHERE -> other == Step.ACCESS;
      case Step.INTERRUPT -> isOneCpu && meetsInterrupt(other, otherAddress);
      default -> false;
    };
  }

  private static boolean meetsInterrupt(int kind, long address) {
    return kind == Step.INTERRUPTS_OFF
        || kind == Step.ACCESS
        || kind == Step.INVALIDATE_LATER
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
    boolean drops = isFlush(kind) && mayDrop(actor, kind);
    for (int other = 0; other < actors; other++) {
      if (other != actor) {
        collect(other, kind, address, other % cpus == actor % cpus);
        if (drops) {
          race(other, PLAIN_WRITES);
        }
      }
    }
    collectUses(kind, address);
    collectWalks(kind, address);
    Interleaving watched = run;
    if (watched != null && kind == Step.ACCESS) {
      long remembered = watched.rememberedPa(actor, address);
      long walked = watched.walkedPa(actor, address);
      reach(number, actor, remembered);
      reach(number, actor, walked == remembered ? NOTHING : walked);
      mark(number, actor, watched.entryToMark(actor, address));
    }
    note(number, actor, kind, address);
    if (drops) {
      lasts[actor * SORTS + DROPS] = number;
    }
    noteWalks(number, actor, kind, address);
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
      case Step.ACCESS -> {
        race(other, FLUSHES_EVERYWHERE);
        race(other, FREES);
      }
      case Step.INVALIDATE_EVERYWHERE -> {
        race(other, ACCESSES);
        race(other, FREES);
      }
      case Step.INVALIDATE, Step.ROOT_LOAD -> race(other, FREES);
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
          race(other, DROPS);
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
      case Step.INVALIDATE, Step.INVALIDATE_EVERYWHERE -> {
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

  /** Accesses that may come by the entry, and entries that the access may come by. */
  private void collectWalks(int kind, long address) {
    PteFormat tables = format;
    int objects = kind == Step.ACCESS ? WRITTEN_AT : WALKED;
    if (tables != null && (kind == Step.ACCESS || kind == Step.ENTRY_WRITE)) {
      for (int level = 1; level <= tables.topLevel(); level++) {
        long place = place(tables, kind, address, level);
        raceWith(slot(key(objects, place)), /* alsoReads= */ true);
      }
    }
    if (kind == Step.ENTRY_READ) {
      raceWith(slot(key(MARKED, address)), /* alsoReads= */ true);
    }
  }

  /** Where the entry is in its table that the access reads, or that is written, at the level. */
  private static long place(PteFormat tables, int kind, long address, int level) {
    int index =
        kind == Step.ACCESS ? tables.index(address, level) : entryIndex(tables, address, level);
    return (long) level << Integer.SIZE | index;
  }

  /**
   * Where an entry is in its table, if that is of the level: tables are aligned to their size, and
   * the top one begins a frame, so that what lies behind it is no index of an address.
   */
  private static int entryIndex(PteFormat tables, long entryPa, int level) {
    long bytes = tables.tableBytes(level);
    long aligned = level == tables.topLevel() ? Math.max(bytes, tables.pageBytes()) : bytes;
    return (int) ((entryPa & aligned - 1) / Long.BYTES);
  }

  /** Whether a walk for {@code va} may read the entry, at whatever level it is. */
  private boolean isOnWalk(long entryPa, long va) {
    PteFormat tables = format;
    if (tables == null) {
      return true;
    }
    for (int level = 1; level <= tables.topLevel(); level++) {
      if (entryIndex(tables, entryPa, level) == tables.index(va, level)) {
        return true;
      }
    }
    return false;
  }

  /** An access reads or writes memory. */
  private void reach(int number, int actor, long pa) {
    if (pa != NOTHING) {
      raceWith(slot(key(REACHED, pa)), /* alsoReads= */ false);
      noteWrite(number, actor, key(REACHED, pa));
    }
  }

  /** An access marks an entry as used. */
  private void mark(int number, int actor, long entryPa) {
    if (entryPa != NOTHING) {
      raceWith(slot(key(MEMORY, entryPa)), /* alsoReads= */ true);
      noteRead(number, actor, key(MARKED, entryPa));
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
          case Step.ACCESS -> ACCESSES;
          case Step.INVALIDATE, Step.INVALIDATE_EVERYWHERE, Step.ROOT_LOAD -> FLUSHES;
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
    if (kind == Step.INVALIDATE_EVERYWHERE) {
      lasts[at + FLUSHES_EVERYWHERE] = number;
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
      noteUse(number, actor, kind, key(objects, address));
    }
    if (actor >= cpus) {
      noteRead(number, actor, key(CALL, calls[actor]));
    }
  }

  private void noteUse(int number, int actor, int kind, long key) {
    if (writes(kind)) {
      noteWrite(number, actor, key);
    } else {
      noteRead(number, actor, key);
    }
  }

  /** Steps at the same place need not meet each other, so each actor's last one counts. */
  private void noteWalks(int number, int actor, int kind, long address) {
    PteFormat tables = format;
    int objects = kind == Step.ACCESS ? WALKED : WRITTEN_AT;
    if (tables != null && (kind == Step.ACCESS || kind == Step.ENTRY_WRITE)) {
      for (int level = 1; level <= tables.topLevel(); level++) {
        noteRead(number, actor, key(objects, place(tables, kind, address, level)));
      }
    }
  }

  private void noteWrite(int number, int actor, long key) {
    int slot = slot(key); // may replace the table
    uses[slot * (actors + 1)] = number * actors + actor;
  }

  private void noteRead(int number, int actor, long key) {
    int slot = slot(key); // may replace the table
    uses[slot * (actors + 1) + 1 + actor] = number;
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
