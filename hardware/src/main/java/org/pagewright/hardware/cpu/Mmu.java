package org.pagewright.hardware.cpu;

import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Control;
import org.pagewright.hardware.paging.FaultKind;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PermissionBits;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.paging.WalkPath;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.hardware.tlb.AccessUse;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.hardware.tlb.TlbScope;
import org.pagewright.hardware.tlb.Tlbi;

/**
 * The memory management unit of one CPU: accesses through TLB and walker, and the instructions that
 * load roots and invalidate.
 *
 * <p>Intel SDM vol. 3A, "Caching translation information"; AMD APM vol. 2, "Translation-lookaside
 * buffer"; Arm DDI 0487, "TLB maintenance"; RISC-V privileged specification, "SFENCE.VMA". Each
 * instruction does to the caches at least what its manual demands and, where a manual leaves it
 * open, as little as it may.
 */
public final class Mmu {
  /** In the place of an address or an address-space number of {@link #sfence}: register x0. */
  public static final int ANY = -1;

  /** INVLPGB: the address is valid. */
  public static final int INVLPGB_VA = 1;

  /** INVLPGB: the PCID is valid. */
  public static final int INVLPGB_PCID = 1 << 1;

  /** INVLPGB: global translations too. */
  public static final int INVLPGB_GLOBAL = 1 << 3;

  /** INVLPGB: only final translations, structure caches stay. */
  public static final int INVLPGB_FINAL_ONLY = 1 << 4;

  private static final int PCID_MASK = (1 << 12) - 1;
  private static final int MAX_PENDING = 64;
  private static final int PENDING_WORDS = 4;
  private static final int BROADCAST = 1 << 31;

  private final Cpu cpu;
  private final Machine machine;
  private final Walker walker;
  private final PhysicalMemory memory;
  private final PagingRegisters registers;
  private final Tlb tlb;
  private final WalkPath path = new WalkPath();
  private final boolean isX86;
  private final boolean isBigEndian;
  private boolean dropsOnPathOnly;

  private long fault;
  private long faultVa;

  /** The access of the step that comes next or came last. */
  private int announced;

  /** Invalidations that were issued and have not completed: from, to, ASID, scope. */
  private final long[] pending = new long[MAX_PENDING * PENDING_WORDS];

  private int pendingCount;

  Mmu(Cpu cpu) {
    this.cpu = cpu;
    this.machine = cpu.machine();
    this.walker = machine.walker();
    this.memory = machine.memory();
    this.registers = new PagingRegisters(machine.format());
    this.tlb = new Tlb(machine.config().tlb(), machine.format());
    this.isX86 = machine.format().architecture() == Architecture.X86;
    this.isBigEndian = machine.format().has(PteFormat.Feature.BIG_ENDIAN);
    this.dropsOnPathOnly = machine.config().tlb().traits().dropsStructuresOnPathOnly();
  }

  public PagingRegisters registers() {
    return registers;
  }

  public Tlb tlb() {
    return tlb;
  }

  // ---- accesses ----

  /**
   * Translates as an access does: the answer is a translation that allows the access, or a fault
   * with its error code, which is also latched.
   */
  public long translate(long va, int access) {
    int role = access >>> 2 & 1;
    long translation = tlb.lookup(va, registers.asid(), role);
    if (translation > Tlb.MISS) {
      long checked = Walker.check(registers, translation, access);
      if (checked > 0 && !Walker.needsUpdate(registers, translation, access)) {
        return translation;
      }
    }
    return translateSlowly(va, access, translation);
  }

  private long translateSlowly(long va, int access, long remembered) {
    if (remembered < 0) {
      // The access that met it first may have been another one.
      return faulted(va, access, Walker.withCode(registers, remembered, access));
    }
    if (remembered > 0) {
      long checked = Walker.check(registers, remembered, access);
      if (checked < 0) {
        return faulted(va, access, checked);
      }
      forget(va);
    }
    int asid = registers.asid();
    tlb.structures().start(va, asid, path);
    long translation = walker.translate(registers, va, access, path);
    if (translation < 0) {
      rememberTables(va);
      rememberInvalid(va, translation, access >>> 2 & 1);
      return faulted(va, access, translation);
    }
    tlb.structures().fill(va, asid, path);
    cpu.charge(Primitive.TLB_WALK_REFERENCE, path.topLevel() - path.lowestLevel() + 1);
    fill(va, translation, access >>> 2 & 1);
    return translation;
  }

  private void fill(long va, long translation, int role) {
    long entry = isUnmarkedGlobal(translation) ? withoutGlobal(translation) : translation;
    Speculation speculation = machine.speculation();
    boolean isLarge = Translation.pageShift(entry) > machine.format().pageShift();
    if (speculation != null && isLarge && speculation.splits()) {
      tlb.fillPart(va, registers.asid(), entry, role);
    } else {
      tlb.fill(va, registers.asid(), entry, role);
    }
    machine.events().record(HardwareEvent.TLB_FILL, cpu.id(), va, entry, registers.asid());
  }

  /** Drops an entry that is about to be replaced by one with other rights. */
  private void forget(long va) {
    long page = va & -machine.format().pageBytes();
    int asids = TlbScope.ONE_ASID | TlbScope.GLOBAL;
    int dropped =
        tlb.invalidate(page, page + machine.format().pageBytes(), registers.asid(), asids);
    assert dropped > 0 : Long.toHexString(va);
  }

  /** x86 ignores the global bit while CR4.PGE is clear. */
  private boolean isUnmarkedGlobal(long translation) {
    return isX86
        && (Translation.rights(translation) & Rights.GLOBAL) != 0
        && !registers.has(Control.PGE);
  }

  private static long withoutGlobal(long translation) {
    return Translation.withRights(translation, Translation.rights(translation) & ~Rights.GLOBAL);
  }

  /**
   * Remembers the tables of a walk that found no page: SDM, "even if there are no translations for
   * any linear address that might use that entry". Only accessed entries may be remembered.
   */
  private void rememberTables(long va) {
    for (int level = path.topLevel(); level > path.lowestLevel(); level--) {
      PermissionBits bits = machine.format().level(level).table();
      long entry = memory.read(path.entryPa(level));
      long host = isBigEndian ? Long.reverseBytes(entry) : entry;
      if (((host ^ bits.inverted()) & bits.accessed()) != bits.accessed()) {
        return;
      }
    }
    if (path.topLevel() > 0) {
      tlb.structures().fill(va, registers.asid(), path);
    }
  }

  private void rememberInvalid(long va, long found, int role) {
    Speculation speculation = machine.speculation();
    if (speculation != null
        && machine.config().tlb().traits().remembersInvalid()
        && Translation.faultKind(found) == FaultKind.NOT_PRESENT
        && speculation.remembersInvalid()) {
      tlb.fillInvalid(va, registers.asid(), found, role);
    }
  }

  private long faulted(long va, int access, long answer) {
    fault = answer;
    faultVa = va;
    cpu.charge(Primitive.PAGE_FAULT);
    machine.events().record(HardwareEvent.FAULT, cpu.id(), va, answer, access);
    if (isX86 && Translation.faultKind(answer) != FaultKind.NOT_CANONICAL) {
      // SDM: what is cached for the address goes, so that a spurious fault does not recur.
      invalidate(
          va, registers.asid(), TlbScope.ONE_ASID | TlbScope.GLOBAL | TlbScope.STRUCTURES_ON_PATH);
    }
    return answer;
  }

  /** Translates {@code va} as a prefetcher may: no fault, and no access. */
  void fillSpeculatively(long va) {
    int asid = registers.asid();
    if (tlb.lookup(va, asid, /* role= */ 0) != Tlb.MISS) {
      return;
    }
    tlb.structures().start(va, asid, path);
    long translation = walker.walk(registers, va, path);
    if (translation < 0) {
      rememberTables(va);
      rememberInvalid(va, translation, /* role= */ 0);
      return;
    }
    if ((Translation.rights(translation) & Rights.ACCESSED) == 0) {
      // Only what is marked accessed may be cached; hardware may mark it, where it can.
      translation = walker.translate(registers, va, Access.READ, path);
    }
    if (translation > 0 && (Translation.rights(translation) & Rights.ACCESSED) != 0) {
      tlb.structures().fill(va, asid, path);
      fill(va, translation, /* role= */ 0);
    }
  }

  /** Tells what the access that was announced last would use. */
  void foresee(long va, AccessUse use) {
    use.clear();
    int asid = registers.asid();
    boolean isAlone = machine.speculation() == null;
    long held = isAlone ? tlb.peek(va, asid, announced >>> 2 & 1) : Tlb.MISS;
    if (held < 0 || (held > Tlb.MISS && !needsWalk(held))) {
      use.useTlb();
      reach(va, held, use);
      return;
    }
    // What hangs above the table where a walk may begin matters to what is remembered of it.
    path.startAtRoot();
    walkAhead(va, use);
    tlb.structures().start(va, asid, path);
    long translation = walkAhead(va, use);
    reach(va, translation, use);
    boolean isForgotten = isX86 && isAlone && use.pa() == AccessUse.NOWHERE && tlb.isEmpty();
    if (!isForgotten) {
      use.useTlb();
    }
  }

  /** Whether what the TLB holds is no answer: the tables say whether it may be marked. */
  private boolean needsWalk(long held) {
    return Walker.check(registers, held, announced) > 0
        && Walker.needsUpdate(registers, held, announced);
  }

  private long walkAhead(long va, AccessUse use) {
    long translation = walker.walk(registers, va, path);
    boolean isMarking =
        translation >= 0
            && Walker.check(registers, translation, announced) >= 0
            && Walker.needsUpdate(registers, translation, announced);
    for (int level = path.topLevel(); level >= path.lowestLevel() && level > 0; level--) {
      use.addEntry(
          path.entryPa(level), isMarking && walker.marks(registers, announced, path, level));
    }
    return translation;
  }

  private void reach(long va, long translation, AccessUse use) {
    if (translation >= 0 && Walker.check(registers, translation, announced) >= 0) {
      use.reach(Translation.pa(translation, va), Access.isWrite(announced));
    }
  }

  /**
   * Loads 8 bytes at an address that does not cross a page; 0 on a fault, which {@link #fault}
   * tells.
   */
  public long load(long va, int access) {
    announced = access;
    cpu.step(Step.ACCESS, va);
    fault = 0;
    long translation = translate(va, access);
    if (translation < 0) {
      return 0;
    }
    recordAccess(va, translation, access);
    return memory.read(Translation.pa(translation, va));
  }

  /** Stores 8 bytes at an address that does not cross a page; false on a fault. */
  public boolean store(long va, int access, long value) {
    announced = access;
    cpu.step(Step.ACCESS, va);
    fault = 0;
    long translation = translate(va, access);
    if (translation < 0) {
      return false;
    }
    recordAccess(va, translation, access);
    memory.write(Translation.pa(translation, va), value);
    return true;
  }

  private void recordAccess(long va, long translation, int access) {
    EventLog events = machine.events();
    if (events.isRecording()) {
      events.record(HardwareEvent.ACCESS, cpu.id(), va, translation, access);
    }
  }

  /** The fault of the last access, or 0 when it succeeded. */
  public long fault() {
    return fault;
  }

  /** The address of the last fault (CR2, FAR, stval). */
  public long faultVa() {
    return faultVa;
  }

  // ---- roots and control bits ----

  /**
   * x86 MOV CR3. With CR4.PCIDE the low 12 bits are the PCID, and {@code noFlush} is bit 63.
   *
   * @return false when the load faults (PAE) and nothing changes
   */
  public boolean loadRoot(long cr3, boolean noFlush) {
    cpu.step(Step.ROOT_LOAD, cr3);
    if (!walker.loadRoot(registers, cr3)) {
      return false;
    }
    boolean hasPcids = registers.has(Control.PCIDE);
    boolean keeps = noFlush && hasPcids;
    registers.setAsid(hasPcids ? (int) cr3 & PCID_MASK : 0);
    cpu.charge(Primitive.CR3_WRITE);
    recordRoot(cr3, keeps);
    if (!keeps) {
      int asids = hasPcids ? TlbScope.ONE_ASID : TlbScope.ANY_ASID;
      invalidateAll(registers.asid(), asids | TlbScope.STRUCTURES);
    }
    return true;
  }

  /** Whether an x86 CR3 has this root and PCID. */
  boolean hasLoaded(long cr3) {
    int pcid = registers.has(Control.PCIDE) ? (int) cr3 & PCID_MASK : 0;
    long changed = (cr3 ^ registers.root()) & machine.format().rootMask();
    return isX86 && changed == 0 && pcid == registers.asid();
  }

  /**
   * Loads the root and the address-space number without invalidating anything: arm64's TTBR0 with
   * the ASID in it, RISC-V's satp, the others' counterparts; on x86, MOV CR3 with the no-flush bit.
   */
  public boolean switchRoot(long root, int asid) {
    if (isX86) {
      return loadRoot((root & ~(long) PCID_MASK) | asid, /* noFlush= */ true);
    }
    cpu.step(Step.ROOT_LOAD, root);
    if (!walker.loadRoot(registers, root)) {
      return false;
    }
    registers.setAsid(asid);
    cpu.charge(Primitive.BARRIER);
    recordRoot(root, /* keeps= */ true);
    return true;
  }

  /** Loads the root of the upper range: arm64's TTBR1 and its counterparts. */
  public void switchRoot1(long root1) {
    cpu.step(Step.ROOT_LOAD, root1);
    registers.setRoot1(root1);
    cpu.charge(Primitive.BARRIER);
    recordRoot(root1, /* keeps= */ true);
  }

  private void recordRoot(long root, boolean keeps) {
    machine
        .events()
        .record(HardwareEvent.ROOT_LOAD, cpu.id(), root, registers.asid(), keeps ? 1 : 0);
  }

  /**
   * Sets a control bit as the register write does: x86 drops everything when CR4.PGE changes, when
   * CR4.PCIDE is cleared, and when CR4.SMEP is set.
   */
  @SuppressWarnings("EnumOrdinal") // numbers in events live no longer than a run
  public void setControl(Control control, boolean value) {
    boolean changes = registers.has(control) != value;
    registers.set(control, value);
    machine
        .events()
        .record(HardwareEvent.CONTROL_WRITE, cpu.id(), control.ordinal(), value ? 1 : 0, 0);
    if (changes && dropsAll(control, value)) {
      if (control == Control.PCIDE) {
        registers.setAsid(0);
      }
      invalidateAll(/* asid= */ 0, TlbScope.ALL);
    }
  }

  private static boolean dropsAll(Control control, boolean value) {
    return switch (control) {
      case PGE -> true;
      case PCIDE -> !value;
      case SMEP -> value;
      default -> false;
    };
  }

  /** AMD EFER.TCE: INVLPG and the like spare structure-cache entries off the address's path. */
  public void setTranslationCacheExtension(boolean value) {
    dropsOnPathOnly = value;
  }

  // ---- protection keys ----

  /** x86 WRPKRU. */
  public void writePkru(int value) {
    registers.setPkru(value);
    wrotePkeys(Primitive.WRPKRU, /* which= */ 0, value);
  }

  /** x86 write of IA32_PKRS. */
  public void writePkrs(int value) {
    registers.setPkrs(value);
    wrotePkeys(Primitive.WRMSR, /* which= */ 1, value);
  }

  /** arm64 write of POR_EL0. */
  public void writePorUser(long value) {
    registers.setPorUser(value);
    wrotePkeys(Primitive.WRITE_POR, /* which= */ 2, value);
  }

  /** arm64 write of POR_EL1. */
  public void writePorKernel(long value) {
    registers.setPorKernel(value);
    wrotePkeys(Primitive.WRITE_POR, /* which= */ 3, value);
  }

  private void wrotePkeys(Primitive price, int which, long value) {
    cpu.charge(price);
    machine.events().record(HardwareEvent.PKEY_WRITE, cpu.id(), which, value, 0);
  }

  // ---- x86 invalidation ----

  /**
   * INVLPG: the page in the current PCID, and global entries; structure caches as the core does.
   */
  public void invalidatePage(long va) {
    cpu.step(Step.INVALIDATE, va);
    cpu.charge(Primitive.INVLPG);
    invalidate(va, registers.asid(), TlbScope.ONE_ASID | TlbScope.GLOBAL | structures());
  }

  /**
   * INVPCID.
   *
   * @param type 0 one address in a PCID, 1 a PCID, 2 everything, 3 everything but global entries
   */
  public void invalidatePcid(int type, int pcid, long va) {
    cpu.step(Step.INVALIDATE, va);
    switch (type) {
      case 0 -> {
        cpu.charge(Primitive.INVPCID_ADDRESS);
        invalidate(va, pcid, TlbScope.ONE_ASID | structures());
      }
      case 1 -> {
        cpu.charge(Primitive.INVPCID_ALL);
        invalidateAll(pcid, TlbScope.ONE_ASID | TlbScope.STRUCTURES);
      }
      case 2 -> {
        cpu.charge(Primitive.INVPCID_ALL);
        invalidateAll(pcid, TlbScope.ALL);
      }
      case 3 -> {
        cpu.charge(Primitive.INVPCID_ALL);
        invalidateAll(pcid, TlbScope.ANY_ASID | TlbScope.STRUCTURES);
      }
      default -> throw new IllegalArgumentException("INVPCID type must be 0 to 3: " + type);
    }
  }

  /** CR4.PGE off and on: everything, global entries too. */
  public void toggleGlobalPages() {
    cpu.step(Step.INVALIDATE, 0);
    cpu.charge(Primitive.CR4_TOGGLE_GLOBAL);
    invalidateAll(registers.asid(), TlbScope.ALL);
  }

  /**
   * AMD INVLPGB: invalidates on all CPUs, this one included, at the latest when {@link #tlbsync}
   * returns.
   *
   * @param flags INVLPGB bits; without {@link #INVLPGB_PCID} any PCID is covered
   */
  public void broadcastInvalidate(long va, long pages, int pcid, int flags) {
    cpu.step(pendingCount == MAX_PENDING ? completion() : Step.INVALIDATE_LATER, va);
    cpu.charge(Primitive.INVLPGB);
    int scope = (flags & INVLPGB_PCID) != 0 ? TlbScope.ONE_ASID : TlbScope.ANY_ASID;
    scope |= (flags & INVLPGB_GLOBAL) != 0 ? TlbScope.GLOBAL : 0;
    boolean isRange = (flags & INVLPGB_VA) != 0;
    scope |= isRange ? 0 : TlbScope.EVERYWHERE;
    if ((flags & INVLPGB_FINAL_ONLY) == 0) {
      scope |= isRange ? structures() : TlbScope.STRUCTURES;
    }
    enqueue(va, pages, pcid, scope | BROADCAST);
  }

  /** AMD TLBSYNC: waits for this CPU's broadcasts. */
  public void tlbsync() {
    stepToCompletion();
    cpu.charge(Primitive.TLBSYNC);
    completePending();
  }

  private int structures() {
    return dropsOnPathOnly ? TlbScope.STRUCTURES_ON_PATH : TlbScope.STRUCTURES;
  }

  // ---- arm64 invalidation ----

  /**
   * TLBI of one page, or of everything or an ASID; it completes with {@link #dsb}.
   *
   * @param operation a word of {@link Tlbi}
   */
  public void tlbi(int operation, long va, int asid) {
    tlbiRange(operation, va, /* pages= */ 1, asid);
  }

  /** TLBI of a range of pages (the forms that begin with R); it completes with {@link #dsb}. */
  public void tlbiRange(int operation, long va, long pages, int asid) {
    cpu.step(pendingCount == MAX_PENDING ? completion() : Step.INVALIDATE_LATER, va);
    int broadcast = Tlbi.isBroadcast(operation) ? BROADCAST : 0;
    int scope = Tlbi.scope(operation);
    chargeTlbi(scope, broadcast != 0);
    enqueue(va, pages, asid, scope | broadcast);
  }

  /** The first of a batch pays for the wait at its end, the others only for themselves. */
  private void chargeTlbi(int scope, boolean isBroadcast) {
    boolean isFirst = isBroadcast && !hasBroadcasts();
    Primitive first =
        (scope & TlbScope.EVERYWHERE) != 0
            ? Primitive.TLBI_ALL_BROADCAST
            : Primitive.TLBI_BROADCAST;
    cpu.charge(isFirst ? first : Primitive.TLBI_LOCAL);
  }

  /** DSB: waits for this CPU's TLBI operations everywhere. */
  public void dsb() {
    stepToCompletion();
    if (pendingCount == 0) {
      cpu.charge(Primitive.BARRIER);
    }
    completePending();
  }

  /** Invalidations that were issued here and not waited for: DSB or TLBSYNC is missing. */
  public int pendingInvalidations() {
    return pendingCount;
  }

  /** What waiting for this CPU's invalidations does: a step of this kind. */
  private int completion() {
    if (pendingCount == 0) {
      return Step.INVALIDATE_LATER;
    }
    return hasBroadcasts() ? Step.INVALIDATE_EVERYWHERE : Step.INVALIDATE;
  }

  /** An interrupt that comes in at the step may leave something to be completed, too. */
  private void stepToCompletion() {
    int announced;
    do {
      announced = completion();
      cpu.step(announced, 0);
    } while (announced == Step.INVALIDATE_LATER && pendingCount > 0);
  }

  private boolean hasBroadcasts() {
    for (int i = 0; i < pendingCount; i++) {
      if ((pending[i * PENDING_WORDS + 3] & BROADCAST) != 0) {
        return true;
      }
    }
    return false;
  }

  private void enqueue(long va, long pages, int asid, int scope) {
    if (pendingCount == MAX_PENDING) {
      completePending(); // hardware may complete them at any time
    }
    long page = va & -machine.format().pageBytes();
    int at = pendingCount++ * PENDING_WORDS;
    pending[at] = page;
    pending[at + 1] = page + pages * machine.format().pageBytes();
    pending[at + 2] = asid;
    pending[at + 3] = scope;
  }

  private void completePending() {
    for (int i = 0; i < pendingCount; i++) {
      int at = i * PENDING_WORDS;
      int scope = (int) pending[at + 3];
      int asid = (int) pending[at + 2];
      if ((scope & BROADCAST) == 0) {
        invalidateRange(pending[at], pending[at + 1], asid, scope);
        continue;
      }
      for (int id = 0; id < machine.cpus(); id++) {
        machine
            .cpu(id)
            .mmu()
            .invalidateRange(pending[at], pending[at + 1], asid, scope & ~BROADCAST);
      }
    }
    machine.events().record(HardwareEvent.BROADCAST_DONE, cpu.id(), pendingCount, 0, 0);
    pendingCount = 0;
  }

  // ---- RISC-V invalidation ----

  /**
   * SFENCE.VMA on this CPU. With an address only leaf entries are covered; {@link #ANY} stands for
   * x0 in either place.
   */
  public void sfence(long va, int asid) {
    cpu.step(Step.INVALIDATE, va);
    int asids = asid == ANY ? TlbScope.ANY_ASID | TlbScope.GLOBAL : TlbScope.ONE_ASID;
    if (va == ANY) {
      cpu.charge(Primitive.SFENCE_ALL);
      invalidateAll(asid, asids | TlbScope.STRUCTURES);
    } else {
      cpu.charge(Primitive.SFENCE_ADDRESS);
      invalidate(va, asid, asids);
    }
  }

  // ---- invalidation in words of TlbScope, also for the other architectures ----

  /** Invalidates one page; charges nothing. */
  public void invalidate(long va, int asid, int scope) {
    long page = va & -machine.format().pageBytes();
    invalidateRange(page, page + machine.format().pageBytes(), asid, scope);
  }

  /** Invalidates every address; charges nothing. */
  public void invalidateAll(int asid, int scope) {
    invalidateRange(/* from= */ 0, /* to= */ 0, asid, scope | TlbScope.EVERYWHERE);
  }

  /** Invalidates a range of pages; charges nothing. */
  public void invalidateRange(long from, long to, int asid, int scope) {
    int dropped = tlb.invalidate(from, to, asid, scope);
    EventLog events = machine.events();
    if (events.isRecording()) {
      long what = (long) asid << 32 | scope;
      events.record(HardwareEvent.TLB_INVALIDATE, cpu.id(), what, from, to);
    }
    assert dropped >= 0 : dropped;
  }

  @Override
  public String toString() {
    return "MMU of " + cpu + (fault < 0 ? ", fault " + Translation.describe(fault) : "");
  }
}
