package org.pagewright.hardware.paging;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.memory.PhysicalMemory;

/**
 * The page-table walker of all architectures: reads tables in simulated RAM as a format says.
 *
 * <p>Answers are words of {@link Translation}. {@link #walk} looks at structure only; {@link
 * #check} decides whether a translation, fresh or from a TLB, allows an access; {@link #translate}
 * does both and sets accessed and dirty bits as the hardware would.
 */
public final class Walker {
  /*
   * What hardware does: at each level it reads an entry, stops at an invalid one, faults on
   * reserved bits, and otherwise goes on or ends at a leaf. Rights are checked when the leaf is
   * known.
   *
   * What this does: a Regime has worked out, per level, one mask and value that a table entry must
   * match. The entry that ends a walk is compared, in all its bits but the address, with leaves
   * that were decoded before; address bits that must be zero do not count as address. An entry that
   * is new goes through PteLevel.verdict, which decides in the order of the manuals.
   *
   * walk() is descend() without what slows it down: it knows only the last leaf that was seen in a
   * table, and starts again in descend() if that does not help. How many walks wait for memory at a
   * time depends on how few instructions follow the load of the leaf.
   *
   * A read outside RAM gives zero, for which Regime.fromMemory puts an entry that is neither table
   * nor good leaf wherever zero is one; the end of the walk then looks where it came from.
   */

  private final PhysicalMemory memory;
  private final PteFormat format;

  /** For walks of our own that must know the entries they passed. */
  private final WalkPath scratch = new WalkPath();

  public Walker(PhysicalMemory memory, PteFormat format) {
    this.memory = memory;
    this.format = format;
  }

  public PteFormat format() {
    return format;
  }

  public PhysicalMemory memory() {
    return memory;
  }

  /**
   * Loads the root register (CR3, TTBR0 …). With PAE this reads and checks the four PDPTEs, and
   * later changes of them in memory stay unseen until the next load.
   *
   * @return false when hardware refuses with a general-protection fault and keeps the old root
   */
  public boolean loadRoot(PagingRegisters registers, long root) {
    if (!format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      registers.setRoot(root);
      return true;
    }
    PteLevel bits = format.level(format.topLevel());
    long[] tables = new long[(int) bits.entries()];
    for (int i = 0; i < tables.length; i++) {
      long pdpte = memory.read((root & format.rootMask()) + (long) i * Long.BYTES);
      boolean isPresent = bits.isPresent(pdpte);
      if (isPresent && bits.verdict(pdpte) != null) {
        return false;
      }
      tables[i] = isPresent ? pdpte & bits.tableAddress() : PagingRegisters.NO_TABLE;
    }
    registers.setPdptes(root, tables);
    return true;
  }

  /**
   * Translates {@code va} whatever the access: a translation with the full rights of the tables, or
   * a structural fault without error code. Sets no accessed or dirty bits.
   */
  public long walk(PagingRegisters registers, long va) {
    Regime regime = registers.firstRegime;
    long root = registers.firstTable;
    if ((va + regime.bias & regime.outsideFirst) != 0) {
      int select = registers.select(va);
      regime = registers.regimes[select];
      root = registers.tables[select];
    }
    if ((va + regime.bias & regime.outside) != 0 || root < 0) {
      return noTable(registers, va);
    }
    long table = root;
    long limits = WalkPath.NO_LIMITS;
    Regime.Step step = regime.top;
    while (true) {
      long word = memory.readEntry(table + (va >>> step.offsetShift & step.offsetMask));
      long entry = regime.isPeculiar ? regime.fromMemory(word) : word;
      if (!step.isTable(entry)) {
        long[] recent = step.recent;
        int slot = Regime.Step.recentSlot(table);
        long address = entry ^ recent[slot];
        boolean isLikeLast =
            (address & step.leafAttributes) == 0 && (limits & regime.limiting) == recent[slot + 1];
        return isLikeLast
            ? recent[slot + 2] | address >>> regime.frameShift
            : walkSlowly(registers, va);
      }
      limits &= entry ^ regime.inverted;
      table = (entry & step.tableAddress) << regime.addressShift;
      step = step.next;
    }
  }

  private long walkSlowly(PagingRegisters registers, long va) {
    scratch.startAtRoot();
    return walk(registers, va, scratch);
  }

  /** The same, from where {@code path} says, recording in it the tables passed. */
  public long walk(PagingRegisters registers, long va, WalkPath path) {
    path.clear();
    int select = registers.select(va);
    Regime regime = registers.regimes[select];
    long root = registers.tables[select];
    if ((va + regime.bias & regime.outside) != 0 || root < 0) {
      return noTable(registers, va);
    }
    return path.startsAtRoot()
        ? descend(regime, regime.top, root, va, WalkPath.NO_LIMITS, path)
        : descend(
            regime,
            regime.steps[path.startLevel()],
            path.startTable(),
            va,
            path.startLimits(),
            path);
  }

  private long noTable(PagingRegisters registers, long va) {
    Regime regime = registers.regimes[registers.select(va)];
    return (va + regime.bias & regime.outside) != 0
        ? Translation.fault(FaultKind.NOT_CANONICAL, /* level= */ 0)
        : Translation.fault(FaultKind.NOT_PRESENT, format.topLevel());
  }

  /** The whole walk. {@code above} are the entries passed so far, as grants, ANDed together. */
  private long descend(
      Regime regime, Regime.Step start, long root, long va, long above, WalkPath path) {
    Regime.Step step = start;
    long table = root;
    long limits = above;
    while (true) {
      long entryPa = table + (va >>> step.offsetShift & step.offsetMask);
      path.pass(step.level, table, entryPa, limits);
      long word = memory.readEntry(entryPa);
      long entry = regime.isPeculiar ? regime.fromMemory(word) : word;
      if (!step.isTable(entry)) {
        if (word != 0 || !isOddZero(step, entryPa)) {
          return leaf(regime, step, table, entryPa, entry, limits);
        }
        entry = 0;
      }
      limits &= entry ^ regime.inverted;
      table = (entry & step.tableAddress) << regime.addressShift;
      step = step.next;
    }
  }

  /** True where zero in RAM points to the table at address 0 (s390). */
  private boolean isOddZero(Regime.Step step, long entryPa) {
    return step.isTable(0) && step.bits.isPresent(0) && memory.isRam(entryPa, Long.BYTES);
  }

  /** The end of a walk at an entry that is no table, as {@link Regime#fromMemory} gave it. */
  private long leaf(
      Regime regime, Regime.Step step, long table, long entryPa, long entry, long limits) {
    long attributes = entry & step.leafAttributes;
    long limiting = limits & regime.limiting;
    long grant = step.grant(attributes, limiting);
    if (grant >= 0) {
      step.note(table, attributes, limiting, grant);
      return grant | (entry & step.leafAddress) >>> regime.frameShift;
    }
    long exact = format.fromMemory(memory.read(entryPa));
    FaultKind verdict = verdict(memory, step, entryPa, exact);
    return verdict == null
        ? regime.leaf(step, exact, limits)
        : Translation.fault(verdict, step.level);
  }

  /** What hardware says about an entry, or null when the walk may go on. */
  static @Nullable FaultKind verdict(
      PhysicalMemory memory, Regime.Step step, long entryPa, long entry) {
    return entry == -1 && !memory.isRam(entryPa, Long.BYTES)
        ? FaultKind.MACHINE_CHECK
        : step.bits.verdict(entry);
  }

  // ---- accesses ----

  /**
   * Translates {@code va} for an access as the hardware does: walk, check, and on success set the
   * accessed and dirty bits if the registers say that hardware does so.
   */
  public long translate(PagingRegisters registers, long va, int access) {
    long translation = walk(registers, va);
    if (translation < 0) {
      return withCode(registers, translation, access);
    }
    long checked = check(registers, translation, access);
    if (checked < 0 || updatesMissing(registers, translation, access) == 0) {
      return checked;
    }
    long again = walkSlowly(registers, va);
    assert again == translation : Translation.describe(again);
    return update(registers, va, access, scratch);
  }

  /** The same, from where {@code path} says, recording in it the tables passed. */
  public long translate(PagingRegisters registers, long va, int access, WalkPath path) {
    long translation = walk(registers, va, path);
    if (translation < 0) {
      return withCode(registers, translation, access);
    }
    long checked = check(registers, translation, access);
    if (checked < 0 || updatesMissing(registers, translation, access) == 0) {
      return checked;
    }
    return update(registers, va, access, path);
  }

  /**
   * True when the access needs an accessed or dirty bit that hardware must still set in the tables:
   * a TLB that holds such a translation has to walk again.
   */
  public static boolean needsUpdate(PagingRegisters registers, long translation, int access) {
    return updatesMissing(registers, translation, access) != 0;
  }

  private static int updatesMissing(PagingRegisters registers, long translation, int access) {
    int wanted = Rights.ACCESSED | (access & Access.WRITE) << 6;
    return wanted & registers.hardwareUpdates & ~Translation.rights(translation);
  }

  /**
   * Decides whether a translation allows an access under the current registers: the answer is the
   * translation itself, or a fault with error code. Shared by walks and TLB hits.
   */
  public static long check(PagingRegisters registers, long translation, int access) {
    int rights = Translation.rights(translation);
    int usable = rights | registers.alwaysGranted | (rights & registers.executeReads) >>> 2;
    usable &= ~(registers.deniedOnUserPages & -(rights >>> 9 & 1));
    int needed =
        Access.needed(access)
            | registers.neededAlways
            | ((access & Access.WRITE) << 6 & registers.neededByWrites);
    if ((needed & ~usable) != 0
        || (registers.hasKeys && isDeniedByKey(registers, translation, access))) {
      return refuse(registers, translation, access, needed & ~usable);
    }
    return translation;
  }

  private static boolean isDeniedByKey(PagingRegisters registers, long translation, int access) {
    int rights = Translation.rights(translation);
    boolean isUser = Access.isUser(access);
    int overlay = isUser ? Rights.USER_OVERLAY : Rights.KERNEL_OVERLAY;
    if (registers.areKeysOverlays && (rights & overlay) == 0) {
      return false;
    }
    int which = ((rights & Rights.USER_PAGE) != 0 ? 2 : 0) + (isUser ? 1 : 0);
    long denied = registers.deniedByKey[which] >>> (4 * Translation.pkey(translation));
    return (denied & access & 7) != 0;
  }

  private static long refuse(PagingRegisters registers, long translation, int access, int missing) {
    boolean isKeyDenied = registers.hasKeys && isDeniedByKey(registers, translation, access);
    boolean isDenied = (missing & Rights.PERMISSIONS) != 0;
    boolean isUnaccessed = (missing & Rights.ACCESSED) != 0;
    boolean isArm = registers.format().architecture() == Architecture.ARM64;
    FaultKind kind;
    if (isUnaccessed && (isArm || !isDenied)) {
      kind = FaultKind.ACCESS_FLAG;
    } else if (isDenied) {
      kind = FaultKind.DENIED;
    } else {
      kind = isKeyDenied ? FaultKind.PKEY_DENIED : FaultKind.NOT_DIRTY;
    }
    int level = leafLevel(registers.format(), Translation.pageShift(translation));
    int code = FaultCodes.of(registers, kind, level, access);
    if (isKeyDenied && registers.format().architecture() == Architecture.X86) {
      code |= FaultCodes.X86_PKEY;
    }
    return Translation.fault(kind, level, access, code);
  }

  /** The level whose leaves, alone or in runs, map pages of this size. */
  private static int leafLevel(PteFormat format, int pageShift) {
    int level = 1;
    while (level < format.topLevel() && format.level(level + 1).shift() <= pageShift) {
      level++;
    }
    return level;
  }

  /** The fault with the error code that it has for this access. */
  public static long withCode(PagingRegisters registers, long fault, int access) {
    FaultKind kind = Translation.faultKind(fault);
    int level = Translation.faultLevel(fault);
    return Translation.fault(kind, level, access, FaultCodes.of(registers, kind, level, access));
  }

  /** Sets accessed bits in every entry of the path, and the dirty bit in the leaf for a write. */
  private long update(PagingRegisters registers, long va, int access, WalkPath path) {
    for (int level = path.topLevel(); level >= path.lowestLevel(); level--) {
      long marks = marksOf(registers, access, path, level);
      mark(path.entryPa(level), marks, permissions(path, level).inverted());
    }
    return walk(registers, va, path);
  }

  private PermissionBits permissions(WalkPath path, int level) {
    PteLevel bits = format.level(level);
    return level == path.lowestLevel() ? bits.leaf() : bits.table();
  }

  private long marksOf(PagingRegisters registers, int access, WalkPath path, int level) {
    int updates = registers.hardwareUpdates;
    PermissionBits permissions = permissions(path, level);
    boolean isLeaf = level == path.lowestLevel();
    boolean dirties = isLeaf && Access.isWrite(access) && (updates & Rights.DIRTY) != 0;
    return ((updates & Rights.ACCESSED) != 0 ? permissions.accessed() : 0)
        | (dirties ? permissions.dirty() : 0);
  }

  /** Whether an access that is allowed sets a bit in the entry that the path has at a level. */
  public boolean marks(PagingRegisters registers, int access, WalkPath path, int level) {
    long inverted = permissions(path, level).inverted();
    long entry = format.fromMemory(memory.read(path.entryPa(level))) ^ inverted;
    return (marksOf(registers, access, path, level) & ~entry) != 0;
  }

  private void mark(long entryPa, long marks, long inverted) {
    boolean isDone = false;
    while (!isDone) {
      long old = memory.read(entryPa);
      long entry = format.fromMemory(old);
      long marked = ((entry ^ inverted) | marks) ^ inverted;
      long updated = format.toMemory(marked);
      isDone = updated == old || memory.compareAndSet(entryPa, old, updated);
    }
  }
}
