package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Mmu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.gather.GatherServices;
import org.pagewright.kernel.gather.RcuGrace;
import org.pagewright.kernel.gather.TopEntries;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.UserRange;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;
import org.pagewright.kernel.tablelife.TableConstructors;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/** The parts of a kernel that user memory stands on, and the small steps that all of it takes. */
public final class VmServices implements AutoCloseable {
  private static final int COPIED_AT_ONCE_SHIFT = 12;

  private final Machine machine;
  private final UserTables userTables;
  private final GatherServices parts;
  private final VmConfig config;
  private final Frames frames;
  private final PteFormat format;
  private final UserEntry entries;
  private final long zeroPfn;

  /** Parts on top of user tables; takes the zero page. */
  public VmServices(Machine machine, UserTables userTables, VmConfig config) {
    this.machine = machine;
    this.userTables = userTables;
    this.parts = userTables.services();
    this.config = config;
    this.format = machine.format();
    long frameCount = machine.memory().map().endBytes() >>> format.pageShift();
    this.frames = new Frames(parts.allocator(), parts.events(), frameCount);
    this.entries = new UserEntry(format);
    if (format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      userTables.setTopEntries(reloading(parts.tables(), parts.shootdown()));
    }
    this.zeroPfn = parts.allocator().allocate(machine.cpu(0), Gfp.KERNEL | Gfp.ZERO, 0);
    if (zeroPfn == PageAllocator.NONE) {
      throw new IllegalArgumentException("no memory for the zero page");
    }
    machine.memory().zero(zeroPfn << format.pageShift(), format.pageBytes());
  }

  /**
   * Top entries that CPUs hold in registers: a new one has to be loaded. Models {@code
   * pud_populate()} of PAE.
   */
  private static TopEntries reloading(PageTables door, TlbShootdown shootdown) {
    return (cpu, mm, entryPa, entry) -> {
      door.writeEntry(cpu, entryPa, entry);
      shootdown.flushMm(cpu, mm.tlb());
    };
  }

  public Machine machine() {
    return machine;
  }

  public UserTables userTables() {
    return userTables;
  }

  public VmConfig config() {
    return config;
  }

  public Frames frames() {
    return frames;
  }

  PageAllocator allocator() {
    return parts.allocator();
  }

  PageTables door() {
    return parts.tables();
  }

  public TlbShootdown shootdown() {
    return parts.shootdown();
  }

  public RcuGrace grace() {
    return parts.grace();
  }

  EventLog events() {
    return parts.events();
  }

  PteFormat format() {
    return format;
  }

  UserEntry entries() {
    return entries;
  }

  int pageShift() {
    return format.pageShift();
  }

  long pageBytes() {
    return format.pageBytes();
  }

  /** The page that all reads of untouched anonymous memory see; it is never freed. */
  long zeroPfn() {
    return zeroPfn;
  }

  long pfn(long entry, int level) {
    return entries.leafPa(entry, level) >>> format.pageShift();
  }

  // ---- tables that came with the top table

  /**
   * Makes the user tables that PAE prepares for every process the process's own. Models the
   * constructors in {@code preallocate_pmds()}; 0 or {@code -ENOMEM}.
   */
  int adoptTables(Cpu cpu, Mm mm) {
    TableConstructors constructors = parts.tablePages().constructors();
    for (long va = 0; isPrepared(va); va += format.levelBytes(format.topLevel())) {
      long pfn = tableBelowTop(cpu, mm, va);
      if (pfn == EntrySlot.NONE) {
        continue;
      }
      if (constructors.descriptor(pfn) == null) {
        int error = constructors.construct(cpu, pfn, format.topLevel() - 1, 0, mm.tables().owner());
        if (error != 0) {
          return error;
        }
      }
      mm.tables().added(format.topLevel() - 1);
    }
    return 0;
  }

  /** Undoes it for those that no unmapping has freed. */
  void disownTables(Cpu cpu, Mm mm) {
    TableConstructors constructors = parts.tablePages().constructors();
    for (long va = 0; isPrepared(va); va += format.levelBytes(format.topLevel())) {
      long pfn = tableBelowTop(cpu, mm, va);
      if (pfn != EntrySlot.NONE && constructors.descriptor(pfn) != null) {
        mm.tables().removed(format.topLevel() - 1);
        constructors.destruct(cpu, pfn);
      }
    }
  }

  private boolean isPrepared(long va) {
    return format.has(PteFormat.Feature.PDPTE_REGISTERS) && va < UserRange.end(format);
  }

  private long tableBelowTop(Cpu cpu, Mm mm, long va) {
    long slot = userTables.find(cpu, mm, va, format.topLevel() - 1);
    return slot == EntrySlot.NONE ? slot : EntrySlot.pa(slot) >>> format.pageShift();
  }

  // ---- small steps

  /** Takes zeroed frames for a process's own memory. */
  long allocateAnonymous(Cpu cpu, AddressSpace space, int order) {
    long pfn = frames.allocate(cpu, Gfp.HIGHUSER_MOVABLE | Gfp.ACCOUNT | Gfp.ZERO, order);
    if (pfn != PageAllocator.NONE) {
      events().record(VmEvent.ANONYMOUS_FRAME, cpu.id(), pfn, order, space.mm().contextId());
    }
    return pfn;
  }

  /** Copies a page. Models {@code copy_user_highpage()}. */
  void copyPage(Cpu cpu, long toPfn, long fromPfn) {
    cpu.charge(Primitive.COPY_PAGE, 1L << (pageShift() - COPIED_AT_ONCE_SHIFT));
    machine.memory().copy(toPfn << pageShift(), fromPfn << pageShift(), pageBytes());
    machine.events().record(KernelEvent.FRAME_COPIED, cpu.id(), toPfn, fromPfn, 0);
  }

  /** The family of an anonymous area, made at the first page. Models {@code anon_vma_prepare()}. */
  PageUsers family(AddressSpace space, Area area) {
    PageUsers family = area.family();
    if (family == null) {
      family = frames.createUsers(/* file= */ null);
      area.setFamily(family);
      family.add(space, area);
    }
    return family;
  }

  /** Looks at an entry of the lowest level under the lock of its table. */
  @FunctionalInterface
  interface EntryVisitor {
    /** Answers whether it is the entry that was looked for. */
    boolean visit(long entryPa, long entry);
  }

  /** Visits the entry of an address; false where there is none. */
  boolean atEntry(Cpu cpu, Mm mm, long va, EntryVisitor visitor) {
    long middle = userTables.find(cpu, mm, va, 2);
    long tablePa =
        middle == EntrySlot.NONE ? TableAllocator.NONE : userTables.lockTable(cpu, mm, middle);
    if (tablePa == TableAllocator.NONE) {
      return false;
    }
    long entryPa = format.entryPa(tablePa, va, 1);
    boolean isIt = visitor.visit(entryPa, door().readEntry(cpu, entryPa));
    userTables.unlockTable(cpu, mm, tablePa);
    return isIt;
  }

  /** Replaces an entry whatever the hardware does to it meanwhile; returns the last value. */
  long exchange(Cpu cpu, long slot, long entry) {
    long entryPa = EntrySlot.pa(slot);
    long expected = door().readEntry(cpu, entryPa);
    while (true) {
      long old = door().compareAndExchange(cpu, entryPa, expected, entry);
      if (old == expected) {
        return old;
      }
      expected = old;
    }
  }

  /** Flushes one page of an address space. Models {@code flush_tlb_page()}. */
  void flushPage(Cpu cpu, Mm mm, long va, int level) {
    long bytes = format.levelBytes(level);
    long from = va & -bytes;
    shootdown()
        .flushMmRange(
            cpu,
            mm.tlb(),
            from,
            from + bytes,
            format.level(level).shift(),
            /* freedTables= */ false);
  }

  /**
   * An empty entry became a page. Models {@code update_mmu_cache()}: riscv's caches may hold that
   * there was nothing.
   */
  void becamePresent(Cpu cpu, long va) {
    if (format.architecture() == Architecture.RISCV) {
      cpu.sfence(va & -pageBytes(), Mmu.ANY);
    }
  }

  /**
   * An entry allows more than it did. Models {@code flush_tlb_fix_spurious_fault()}: x86 drops what
   * faulted by itself, the others are told.
   */
  void allowsMore(Cpu cpu, Mm mm, long va, int level) {
    if (format.architecture() != Architecture.X86) {
      flushPage(cpu, mm, va, level);
    }
  }

  @Override
  public void close() {
    frames.close();
  }
}
