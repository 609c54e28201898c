package org.pagewright.check.schedule;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.AccessUse;

/**
 * What each actor used last, and so which earlier steps a step does not commute with.
 *
 * <p>Actors are those of {@link org.pagewright.hardware.cpu.Interleaving}: the program of each CPU,
 * and the calls that it takes. Objects are memory, locks and frames, each by address. An access
 * through the MMU reads the entries on its way and uses the memory that it gets to, which is asked
 * when the step is taken, or sleeps ({@link AccessUse}); it meets flushes of its TLB if that holds
 * something or the access fills it. A flush meets writes to what has no address (free lists that
 * something is given back to, indexes of files) if it drops something. A frame that is given back
 * meets entries in it, and flushes of TLBs that remember it as a table. A call meets what its steps
 * meet: which steps calls take is learned from the runs. Calls are between what their sender did
 * before and does after.
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

  // ---- what each actor did last

  private static final int ANY = 0;
  private static final int FLUSHES_EVERYWHERE = 1;
  private static final int ACCESSES = 2;
  private static final int PLAIN_WRITES = 3;
  private static final int FLUSHES = 4;
  private static final int ROOT_LOADS = 5;

  /** Ends of sections without interrupts that meet a call. */
  private static final int INTERRUPTS_ON = 6;

  private static final int INTERRUPTS = 7;

  /** Steps that meet every call and are taken where one may come in before them. */
  private static final int INTERRUPTIBLE = 8;

  private static final int SENDS = 9;
  private static final int GLOBALS = 10;

  /** Flushes of a TLB that held something. */
  private static final int DROPS = 11;

  /** Accesses to which it matters what the TLB holds, or that fill it. */
  private static final int TLB_USES = 12;

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

  /** By actor, the step that turned its interrupts off, or -1 where they are on. */
  private final int[] maskedSince;

  private final int[] races;
  private final int[] orders;
  private final AccessUse use = new AccessUse();
  private final AccessUse otherUse = new AccessUse();
  private boolean found;
  private final CallSteps callSteps;

  /** Nothing used yet. */
  public StepConflicts(int cpus) {
    this.cpus = cpus;
    this.actors = 2 * cpus;
    this.uses = new int[SLOTS_AT_FIRST * (actors + 1)];
    this.lasts = new int[actors * SORTS];
    this.calls = new long[actors];
    this.maskedSince = new int[actors];
    this.races = new int[actors];
    this.orders = new int[actors];
    this.callSteps = new CallSteps(cpus);
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
    Arrays.fill(maskedSince, NOTHING);
  }

  // ---- kinds of steps

  /** Whether it meets every step of others: nothing is known of it. */
  static boolean isGlobal(int kind) {
    return kind >= Step.FIRST_KERNEL_KIND;
  }

  /** Whether it loads another root, and does not only flush. */
  private boolean changesRoot(int actor, int kind, long address) {
    Interleaving watched = run;
    return kind == Step.ROOT_LOAD && (watched == null || !watched.hasLoaded(actor, address));
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

  /** Whether a step that is about to be taken may not be exchanged with one that sleeps. */
  boolean conflict(
      int actor, int kind, long address, int otherActor, int otherKind, long otherAddress) {
    if (isGlobal(kind) || isGlobal(otherKind)) {
      return true;
    }
    if (kind == Step.INTERRUPT && otherKind == Step.INTERRUPTS_OFF) {
      // What comes while they are off is not known; the other way round, it wakes the call.
      return actor % cpus == otherActor % cpus;
    }
    int objects = classOf(kind);
    if (objects != NO_OBJECT && objects == classOf(otherKind) && address == otherAddress) {
      return writes(kind) || writes(otherKind);
    }
    return meets(actor, kind, address, otherActor, otherKind, otherAddress)
        || meets(otherActor, otherKind, otherAddress, actor, kind, address);
  }

  /** The same one way round. */
  private boolean meets(
      int actor, int kind, long address, int other, int otherKind, long otherAddress) {
    boolean isOneCpu = actor % cpus == other % cpus;
    return switch (kind) {
      case Step.ACCESS -> accessMeets(actor, address, other, otherKind, otherAddress);
      case Step.FREE ->
          (isFlush(otherKind) && mayForget(other, otherKind, otherAddress, address))
              || (isEntry(otherKind) && address >>> pageShift == otherAddress >>> pageShift);
      case Step.TRY_LOCK -> isRelease(otherKind) && address == otherAddress;
      case Step.IPI_SEND -> otherKind == Step.IPI_SEND && cpus > 2;
      case Step.INVALIDATE, Step.INVALIDATE_EVERYWHERE, Step.ROOT_LOAD ->
          (isPlainWrite(otherKind, otherAddress) && mayDrop(actor, kind, address))
              || (isOneCpu && isFlush(otherKind) && changesRoot(actor, kind, address));
      case Step.INTERRUPT -> isOneCpu && callMeets(actor, other, otherKind, otherAddress);
      default -> false;
    };
  }

  private boolean accessMeets(int actor, long va, int other, int kind, long address) {
    boolean isOneCpu = actor % cpus == other % cpus;
    Interleaving watched = run;
    if (watched == null) {
      return switch (kind) {
        case Step.ACCESS -> va == address;
        case Step.ENTRY_WRITE -> isOnWalk(address, va);
        case Step.FREE, Step.INVALIDATE_EVERYWHERE -> true;
        case Step.INVALIDATE, Step.ROOT_LOAD -> isOneCpu;
        default -> false;
      };
    }
    watched.foresee(actor, va, use);
    return switch (kind) {
      case Step.ACCESS -> {
        watched.foresee(other, address, otherUse);
        yield use.meets(otherUse);
      }
      case Step.ENTRY_WRITE -> use.reads(address);
      case Step.ENTRY_READ -> use.marks(address);
      case Step.FREE -> isIn(use, address);
      case Step.INVALIDATE, Step.ROOT_LOAD ->
          isOneCpu && (use.usesTlb() || changesRoot(other, kind, address));
      case Step.INVALIDATE_EVERYWHERE -> use.usesTlb();
      default -> false;
    };
  }

  private boolean isIn(AccessUse used, long freed) {
    long pfn = freed >>> pageShift;
    boolean isIn = false;
    for (long at = pfn; at < pfn + (1L << orderOf(freed)) && !isIn; at++) {
      isIn = used.isIn(at, pageShift);
    }
    return isIn;
  }

  /** A flush of TLBs that hold nothing changes nothing that anybody looks at. */
  private boolean mayDrop(int actor, int kind, long address) {
    Interleaving watched = run;
    return changesRoot(actor, kind, address)
        || watched == null
        || watched.holdsTranslations(actor, kind == Step.INVALIDATE_EVERYWHERE);
  }

  private static int orderOf(long freed) {
    return (int) (freed & Step.FREED_ORDER);
  }

  /** Whether the CPU that flushes may get to frames before, and not after, or the reverse. */
  private boolean mayForget(int actor, int kind, long address, long freed) {
    Interleaving watched = run;
    if (watched == null) {
      return true;
    }
    long from = freed & -(1L << pageShift);
    long to = from + (1L << (pageShift + orderOf(freed)));
    found = kind == Step.ROOT_LOAD && frameOfRoot(address) == from >>> pageShift;
    watched.eachHeld(
        actor,
        kind == Step.INVALIDATE_EVERYWHERE,
        (pa, bytes) -> found |= pa < to && pa + bytes > from);
    return found;
  }

  private long frameOfRoot(long root) {
    PteFormat tables = format;
    return (tables == null ? root : root & tables.rootMask()) >>> pageShift;
  }

  /** What a call does is not known before, but what calls do is. */
  private boolean callMeets(int actor, int program, int kind, long address) {
    if (meetsEveryCall(program, kind) || callSteps.areBetweenOthers()) {
      return true;
    }
    for (int i = 0; i < callSteps.count(); i++) {
      if (conflict(actor, callSteps.kind(i), callSteps.address(i), program, kind, address)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Calls complete what is to be invalidated later. Who waits while its interrupts are off may wait
   * for whoever waits for it to take a call.
   */
  private boolean meetsEveryCall(int actor, int kind) {
    return switch (kind) {
      case Step.INVALIDATE_LATER, Step.INVALIDATE_EVERYWHERE -> true;
      case Step.LOCK, Step.LOCK_SHARED, Step.IPI_SEND, Step.IPI_WAIT, Step.RELAX ->
          maskedSince[actor] != NOTHING;
      default -> false;
    };
  }

  /** The steps that calls take, as far as runs have shown. */
  CallSteps callSteps() {
    return callSteps;
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
    boolean isAccess = foresee(actor, kind, address);
    boolean changesRoot = changesRoot(actor, kind, address);
    boolean drops = isFlush(kind) && mayDrop(actor, kind, address);
    for (int other = 0; other < actors; other++) {
      if (other != actor) {
        collect(other, kind, address);
        if (drops) {
          race(other, PLAIN_WRITES);
        }
      }
    }
    int twin = actor < cpus ? actor + cpus : actor - cpus;
    collectOfOneCpu(twin, kind, changesRoot);
    if (meetsEveryCall(actor, kind)) {
      race(twin, INTERRUPTS);
    }
    collectUses(kind, address);
    if (isAccess) {
      collectAccess();
      noteAccess(number, actor);
    }
    if (isFlush(kind)) {
      useTables(number, actor, kind, address);
    }
    note(number, actor, kind, address);
    if (drops) {
      lasts[actor * SORTS + DROPS] = number;
    }
    if (changesRoot) {
      lasts[actor * SORTS + ROOT_LOADS] = number;
    }
    callSteps.learn(actor, kind, address);
    races[actor] = NOTHING;
    orders[actor] = NOTHING;
  }

  private boolean foresee(int actor, int kind, long address) {
    Interleaving watched = run;
    if (watched == null || kind != Step.ACCESS) {
      return false;
    }
    watched.foresee(actor, address, use);
    return true;
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

  private void collect(int other, int kind, long address) {
    race(other, isGlobal(kind) ? ANY : GLOBALS);
    switch (kind) {
      case Step.ACCESS -> race(other, FLUSHES_EVERYWHERE);
      case Step.INVALIDATE_EVERYWHERE -> race(other, TLB_USES);
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
  }

  private void collectOfOneCpu(int other, int kind, boolean changesRoot) {
    switch (kind) {
      // One that finds nothing remembered may have come after what dropped it.
      case Step.ACCESS -> race(other, use.usesTlb() ? FLUSHES : DROPS);
      case Step.INVALIDATE, Step.INVALIDATE_EVERYWHERE -> {
        race(other, TLB_USES);
        race(other, ROOT_LOADS);
      }
      case Step.ROOT_LOAD -> {
        race(other, changesRoot ? ACCESSES : TLB_USES);
        race(other, changesRoot ? FLUSHES : ROOT_LOADS);
      }
      case Step.INTERRUPT -> {
        race(other, INTERRUPTIBLE);
        follow(other, INTERRUPTS_ON);
      }
      default -> {}
    }
  }

  // ---- objects

  private void collectUses(int kind, long address) {
    switch (kind) {
      case Step.FREE -> {
        long pfn = address >>> pageShift;
        for (long at = pfn; at < pfn + (1L << orderOf(address)); at++) {
          raceWith(slot(key(FRAME, at)), /* alsoReads= */ true);
        }
      }
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

  private void collectAccess() {
    for (int i = 0; i < use.entries(); i++) {
      raceWith(slot(key(MEMORY, use.entryPa(i))), use.isMarked(i));
      raceWith(slot(key(FRAME, use.entryPa(i) >>> pageShift)), /* alsoReads= */ false);
    }
    if (use.pa() != AccessUse.NOWHERE) {
      raceWith(slot(key(REACHED, use.pa())), use.isWrite());
      raceWith(slot(key(FRAME, use.pa() >>> pageShift)), /* alsoReads= */ false);
    }
  }

  private void noteAccess(int number, int actor) {
    for (int i = 0; i < use.entries(); i++) {
      if (use.isMarked(i)) {
        noteWrite(number, actor, key(MEMORY, use.entryPa(i)));
      } else {
        noteRead(number, actor, key(MEMORY, use.entryPa(i)));
      }
      noteRead(number, actor, key(FRAME, use.entryPa(i) >>> pageShift));
    }
    if (use.pa() != AccessUse.NOWHERE) {
      if (use.isWrite()) {
        noteWrite(number, actor, key(REACHED, use.pa()));
      } else {
        noteRead(number, actor, key(REACHED, use.pa()));
      }
      noteRead(number, actor, key(FRAME, use.pa() >>> pageShift));
    }
    if (use.usesTlb()) {
      lasts[actor * SORTS + TLB_USES] = number;
    }
  }

  /** A flush may forget the tables that it finds remembered; a root load is about two more. */
  private void useTables(int number, int actor, int kind, long address) {
    Interleaving watched = run;
    if (kind == Step.ROOT_LOAD) {
      useFrame(number, actor, frameOfRoot(address));
    }
    if (watched != null) {
      watched.eachHeld(
          actor,
          kind == Step.INVALIDATE_EVERYWHERE,
          (pa, bytes) -> {
            for (long at = pa; at < pa + bytes; at += 1L << pageShift) {
              useFrame(number, actor, at >>> pageShift);
            }
          });
    }
  }

  private void useFrame(int number, int actor, long pfn) {
    raceWith(slot(key(FRAME, pfn)), /* alsoReads= */ false);
    noteRead(number, actor, key(FRAME, pfn));
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
          case Step.INTERRUPT -> INTERRUPTS;
          case Step.IPI_SEND -> SENDS;
          default -> isPlainWrite(kind, address) ? PLAIN_WRITES : ANY;
        };
    lasts[at + sort] = number;
    if (kind == Step.INVALIDATE_EVERYWHERE) {
      lasts[at + FLUSHES_EVERYWHERE] = number;
    }
    noteInterruptible(number, actor, kind, address);
    if (isGlobal(kind)) {
      lasts[at + GLOBALS] = number;
    }
    noteUses(number, actor, kind, address);
  }

  /** While interrupts are off, no call can come in but before they were turned off. */
  private void noteInterruptible(int number, int actor, int kind, long address) {
    if (kind == Step.INTERRUPTS_OFF) {
      maskedSince[actor] = number;
    } else if (kind == Step.INTERRUPTS_ON) {
      if (lasts[actor * SORTS + INTERRUPTIBLE] == maskedSince[actor]) {
        lasts[actor * SORTS + INTERRUPTS_ON] = number;
      }
      maskedSince[actor] = NOTHING;
    }
    int since = maskedSince[actor];
    boolean meetsCalls =
        meetsEveryCall(actor, kind)
            || (since != NOTHING && actor < cpus && callMeets(actor + cpus, actor, kind, address));
    if (meetsCalls) {
      lasts[actor * SORTS + INTERRUPTIBLE] = since == NOTHING ? number : since;
    }
  }

  private void noteUses(int number, int actor, int kind, long address) {
    switch (kind) {
      case Step.FREE -> {
        long pfn = address >>> pageShift;
        for (long at = pfn; at < pfn + (1L << orderOf(address)); at++) {
          noteWrite(number, actor, key(FRAME, at));
        }
      }
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
