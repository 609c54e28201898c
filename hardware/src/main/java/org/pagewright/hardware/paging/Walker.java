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
   * match and one that a leaf must match. An entry that matches neither goes to unusual(), out of
   * line, which finds out what hardware would call it, in the order of PteLevel.verdict.
   *
   * Why a read outside RAM is noticed: it gives all ones, which no format lets pass the two
   * comparisons without a look into unusual().
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
    int select = (int) (va >>> registers.selectShift) & registers.selectMask;
    Regime regime = registers.regimes[select];
    long table = registers.tables[select];
    if ((va + regime.bias & regime.outside) != 0 || table < 0) {
      return noTable(regime, va);
    }
    return descend(regime, regime.top, table, va, WalkPath.NO_LIMITS, /* path= */ null);
  }

  /** The same, from where {@code path} says, recording in it the tables passed. */
  public long walk(PagingRegisters registers, long va, WalkPath path) {
    path.clear();
    int select = (int) (va >>> registers.selectShift) & registers.selectMask;
    Regime regime = registers.regimes[select];
    long table = registers.tables[select];
    if ((va + regime.bias & regime.outside) != 0 || table < 0) {
      return noTable(regime, va);
    }
    if (path.startsAtRoot()) {
      return descend(regime, regime.top, table, va, WalkPath.NO_LIMITS, path);
    }
    Regime.Step start = regime.steps[path.startLevel()];
    return descend(regime, start, path.startTable(), va, path.startLimits(), path);
  }

  /** The one walk. {@code limits} are the entries passed, as grants, ANDed together. */
  private long descend(
      Regime regime, Regime.Step start, long root, long va, long above, @Nullable WalkPath path) {
    Regime.Step step = start;
    long table = root;
    long limits = above;
    while (true) {
      long entryPa = table + (va >>> step.offsetShift & step.offsetMask);
      if (path != null) {
        path.pass(step.level, table, entryPa, limits);
      }
      long entry = read(regime, entryPa);
      if ((entry & step.tableMask) != step.tableValue || entry == step.voidEntry) {
        return (entry & step.leafMask) == step.leafValue && entry != -1
            ? leaf(regime, step, entry, limits)
            : unusual(regime, step, entryPa, entry, va, limits, path);
      }
      limits &= entry ^ regime.tableInverted;
      table = (entry & step.tableAddress) << regime.addressShift;
      step = step.next;
    }
  }

  private long read(Regime regime, long entryPa) {
    long entry = memory.read(entryPa);
    return regime.isBigEndian ? Long.reverseBytes(entry) : entry;
  }

  private static long leaf(Regime regime, Regime.Step step, long entry, long limits) {
    long index =
        (entry >>> step.leafLow & step.leafLowMask) | (entry >>> step.leafHigh & step.leafHighMask);
    int rights = step.leafRights[(int) index];
    if (rights < 0) {
      return Translation.fault(FaultKind.RESERVED, step.level);
    }
    rights = (rights & tableRights(regime, limits)) ^ Rights.GLOBAL;
    rights &= ~((rights & regime.userWriteDenies) >>> 2);
    long frame =
        (entry & step.runMark) == 0
            ? (entry & step.leafAddress) << regime.addressShift >>> 11 | step.sizeMark
            : runFrame(regime, step, entry);
    if (frame < 0) {
      return frame;
    }
    long type =
        (entry >>> step.typeLow & step.typeLowMask) | (entry >>> step.typeHigh & step.typeHighMask);
    return frame
        | (long) rights << Translation.RIGHTS_SHIFT
        | (entry >>> step.pkeyShift & step.pkeyMask) << Translation.PKEY_SHIFT
        | type << Translation.MEMORY_TYPE_SHIFT;
  }

  private static int tableRights(Regime regime, long limits) {
    return regime
        .tableRights[
        (int)
            ((limits >>> regime.tableLow & regime.tableLowMask)
                | (limits >>> regime.tableHigh & regime.tableHighMask))];
  }

  /** The frame of a larger page made of several leaves: arm64 contiguous, RISC-V NAPOT. */
  private static long runFrame(Regime regime, Regime.Step step, long entry) {
    PteLevel bits = step.bits;
    if ((entry & bits.runFixed()) != bits.runFixedValue()) {
      return Translation.fault(FaultKind.RESERVED, step.level);
    }
    long pa = (entry & step.leafAddress) << regime.addressShift & -(1L << bits.runShift());
    return Translation.of(pa, bits.runShift(), /* rights= */ 0, /* pkey= */ 0, /* memoryType= */ 0);
  }

  /** An entry that is neither a plain table nor a plain leaf: mostly a fault. */
  private long unusual(
      Regime regime,
      Regime.Step step,
      long entryPa,
      long entry,
      long va,
      long limits,
      @Nullable WalkPath path) {
    if (entry == -1 && !memory.isRam(entryPa, Long.BYTES)) {
      return Translation.fault(FaultKind.MACHINE_CHECK, step.level);
    }
    FaultKind verdict = step.bits.verdict(entry);
    if (verdict != null) {
      return Translation.fault(verdict, step.level);
    }
    // All ones in RAM can be an ordinary entry.
    assert entry == -1 : Long.toHexString(entry);
    if (!step.bits.isTable(entry)) {
      return leaf(regime, step, entry, limits);
    }
    long below = limits & (entry ^ regime.tableInverted);
    long table = (entry & step.tableAddress) << regime.addressShift;
    return descend(regime, step.next, table, va, below, path);
  }

  /** No table to start from: an address out of range, or an absent root. */
  private long noTable(Regime regime, long va) {
    if ((va + regime.bias & regime.outside) != 0) {
      return Translation.fault(FaultKind.NOT_CANONICAL, /* level= */ 0);
    }
    return Translation.fault(FaultKind.NOT_PRESENT, format.topLevel());
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
    scratch.startAtRoot();
    walk(registers, va, scratch);
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
    int updates = registers.hardwareUpdates;
    for (int level = path.topLevel(); level >= path.lowestLevel(); level--) {
      PteLevel bits = format.level(level);
      boolean isLeaf = level == path.lowestLevel();
      PermissionBits permissions = isLeaf ? bits.leaf() : bits.table();
      boolean dirties = isLeaf && Access.isWrite(access) && (updates & Rights.DIRTY) != 0;
      long marks =
          ((updates & Rights.ACCESSED) != 0 ? permissions.accessed() : 0)
              | (dirties ? permissions.dirty() : 0);
      mark(path.entryPa(level), marks, permissions.inverted());
    }
    return walk(registers, va, path);
  }

  private void mark(long entryPa, long marks, long inverted) {
    boolean isDone = false;
    while (!isDone) {
      long old = memory.read(entryPa);
      long entry = format.has(PteFormat.Feature.BIG_ENDIAN) ? Long.reverseBytes(old) : old;
      long marked = ((entry ^ inverted) | marks) ^ inverted;
      long updated = format.has(PteFormat.Feature.BIG_ENDIAN) ? Long.reverseBytes(marked) : marked;
      isDone = updated == old || memory.compareAndSet(entryPa, old, updated);
    }
  }
}
