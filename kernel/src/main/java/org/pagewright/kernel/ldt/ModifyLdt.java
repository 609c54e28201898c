package org.pagewright.kernel.ldt;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.MmFeature;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * The system call {@code modify_ldt()} and the table of every address space. Models
 * arch/x86/kernel/ldt.c, Linux 7.0, with the mapping of "x86/mm: Generalize LDT remap into mm-local
 * region" (2026).
 */
@SuppressWarnings("EnumOrdinal") // counters and events know a warning by its number
public class ModifyLdt implements MmFeature {
  /*
   * What Linux does. A table is never changed: a write makes a longer or equal copy, maps it in
   * the place that the old one does not use, publishes it, has every CPU that uses the address
   * space load it, and only then unmaps and frees the old one. Without isolation nothing is mapped.
   *
   * Why only the first write can fail to map. Both places lie below one entry of the second level,
   * and page tables stay until exit.
   *
   * Sanity checks. The posted v2 asks whether a walk finds an entry for the area, which with PAE it
   * does as soon as the region is ready. Here a place counts as mapped if its entry is present:
   * the new place must not be, the old one must be, in both tables.
   *
   * What is left out. Defects of the posted series are planted from outside through the protected
   * methods, each of which says which one.
   */

  public static final int READ = 0;
  public static final int WRITE_OLD = 1;
  public static final int READ_DEFAULT = 2;
  public static final int WRITE = 0x11;

  private static final int DEFAULT_BYTES = 128;
  private static final int DEFAULT_BYTES_OF_32_BITS = 40;

  private static final LockClass LOCK = new LockClass("ldt_usr_sem");

  /** Keeps the identities of these locks apart from frames and from other locks of a process. */
  private static final int LOCK_IDENTITY = 1 << 29;

  private final Machine machine;
  private final MmLocalRegion region;
  private final PageTables tables;
  private final PageAllocator allocator;
  private final TlbShootdown shootdown;
  private final boolean allows16Bit;
  private final int pageShift;
  private final @Nullable LdtTable[] loaded;
  private final long[] warnings = new long[LdtWarning.values().length];

  /**
   * Tables for every address space.
   *
   * @param allows16Bit {@code CONFIG_X86_16BIT}: whether a segment may be of 16 bits
   */
  public ModifyLdt(
      Machine machine,
      MmLocalRegion region,
      PageTables tables,
      PageAllocator allocator,
      TlbShootdown shootdown,
      boolean allows16Bit) {
    this.machine = machine;
    this.region = region;
    this.tables = tables;
    this.allocator = allocator;
    this.shootdown = shootdown;
    this.allows16Bit = allows16Bit;
    this.pageShift = tables.format().pageShift();
    this.loaded = new @Nullable LdtTable[machine.cpus()];
  }

  /** Those of a booted kernel, with segments of 16 bits. */
  public ModifyLdt(KernelMachine kernel, MmLocalRegion region) {
    this(
        kernel.machine(),
        region,
        kernel.tables(),
        kernel.allocator(),
        kernel.shootdown(),
        /* allows16Bit= */ true);
  }

  // ---- the system call

  /**
   * Runs the call for the task of {@code cpu}.
   *
   * @return 0, a number of bytes, or a negative error
   */
  public int call(Cpu cpu, int function, UserBuffer buffer, long bytes) {
    Mm mm = Task.currentMm(cpu);
    if (mm == null) {
      throw new IllegalArgumentException("a system call needs a user task on " + cpu);
    }
    return switch (function) {
      case READ -> read(cpu, mm, buffer, bytes);
      case WRITE_OLD -> write(cpu, mm, buffer, bytes, /* oldMode= */ true);
      case READ_DEFAULT -> readDefault(buffer, bytes);
      case WRITE -> write(cpu, mm, buffer, bytes, /* oldMode= */ false);
      default -> -Errno.ENOSYS;
    };
  }

  /** What a 64-bit caller finds in its register: the result of 32 bits, zero-extended. */
  public static long register(int result) {
    return Integer.toUnsignedLong(result);
  }

  private static int read(Cpu cpu, Mm mm, UserBuffer buffer, long bytes) {
    if (!lock(mm).acquireKillable(cpu, () -> isKilled(cpu))) {
      return -Errno.EINTR;
    }
    LdtTable table = table(mm);
    int result = table == null ? 0 : read(table, buffer, bytes);
    lock(mm).release(cpu);
    return result;
  }

  private static boolean isKilled(Cpu cpu) {
    Task task = Task.current(cpu);
    return task != null && task.isKilled();
  }

  private static int read(LdtTable table, UserBuffer buffer, long bytes) {
    int size = atMost(bytes, LdtTable.MAX_BYTES);
    int copied = Math.min(size, table.entries() * LdtTable.ENTRY_BYTES);
    ByteBuffer image =
        ByteBuffer.allocate(table.entries() * LdtTable.ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < table.entries(); i++) {
      image.putLong(table.entry(i));
    }
    if (!buffer.copyOut(Arrays.copyOf(image.array(), copied))) {
      return -Errno.EFAULT;
    }
    return copied == size || buffer.clear(copied, size - copied) ? size : -Errno.EFAULT;
  }

  private int readDefault(UserBuffer buffer, long bytes) {
    boolean is32Bit = tables.format().has(PteFormat.Feature.PDPTE_REGISTERS);
    int size = atMost(bytes, is32Bit ? DEFAULT_BYTES_OF_32_BITS : DEFAULT_BYTES);
    return buffer.clear(0, size) ? size : -Errno.EFAULT;
  }

  private static int atMost(long bytes, int limit) {
    return Long.compareUnsigned(bytes, limit) > 0 ? limit : (int) bytes;
  }

  private int write(Cpu cpu, Mm mm, UserBuffer buffer, long bytes, boolean oldMode) {
    if (bytes != UserDescriptor.BYTES) {
      return -Errno.EINVAL;
    }
    byte[] raw = new byte[UserDescriptor.BYTES];
    if (!buffer.copyIn(raw)) {
      return -Errno.EFAULT;
    }
    UserDescriptor wanted = UserDescriptor.of(raw);
    boolean clears = wanted.clears(oldMode);
    if (!isValid(wanted, oldMode, clears)) {
      return -Errno.EINVAL;
    }
    if (!acquire(cpu, mm)) {
      return -Errno.EINTR;
    }
    int result = replace(cpu, mm, wanted.entryNumber(), clears ? 0 : wanted.descriptor(oldMode));
    release(cpu, mm);
    return result;
  }

  /** Keeps other writers out; false for a task that was killed meanwhile. */
  protected boolean acquire(Cpu cpu, Mm mm) {
    return lock(mm).acquireKillable(cpu, () -> isKilled(cpu));
  }

  /** Lets the next writer in. */
  protected void release(Cpu cpu, Mm mm) {
    lock(mm).release(cpu);
  }

  /** Models {@code ldt_usr_sem}. */
  private static RwSemaphore lock(Mm mm) {
    RwSemaphore lock = (RwSemaphore) mm.part(Mm.Part.LDT_LOCK);
    if (lock == null) {
      lock = new RwSemaphore(LOCK, LOCK_IDENTITY | (int) mm.contextId());
      mm.setPart(Mm.Part.LDT_LOCK, lock);
    }
    return lock;
  }

  private boolean isValid(UserDescriptor wanted, boolean oldMode, boolean clears) {
    if (Integer.compareUnsigned(wanted.entryNumber(), LdtTable.MAX_ENTRIES) >= 0) {
      return false;
    }
    boolean isPresent = !wanted.has(UserDescriptor.SEG_NOT_PRESENT);
    if (wanted.isConforming() && (oldMode || isPresent)) {
      return false;
    }
    return clears || allows16Bit || wanted.has(UserDescriptor.SEG_32BIT);
  }

  private int replace(Cpu cpu, Mm mm, int index, long descriptor) {
    LdtTable old = table(mm);
    LdtTable fresh = allocate(cpu, Math.max(index + 1, old == null ? 0 : old.entries()));
    if (fresh == null) {
      return -Errno.ENOMEM;
    }
    copy(old, fresh);
    fresh.setEntry(index, descriptor);
    int error = map(cpu, mm, fresh, old == null || old.slot() != 0 ? 0 : 1);
    if (error != 0) {
      if (warnsAfterFailedMap(old)) {
        warn(cpu, mm, LdtWarning.FAILED_WITH_TABLE_INSTALLED);
      }
      LdtTable unused = releasedAfterFailedMap(fresh, old);
      if (unused != null) {
        free(cpu, unused);
      }
      return error;
    }
    install(cpu, mm, fresh);
    if (old != null) {
      unmap(cpu, mm, old);
      free(cpu, old);
    }
    return 0;
  }

  /** Whether a failed mapping was impossible. The posted v2 asks the opposite (gallery 9). */
  protected boolean warnsAfterFailedMap(@Nullable LdtTable old) {
    return old != null;
  }

  /** Which table goes when mapping the new one failed. Linux 4.15 took the old one (gallery 49). */
  protected @Nullable LdtTable releasedAfterFailedMap(LdtTable fresh, @Nullable LdtTable old) {
    return fresh;
  }

  /** Publishes a table; every CPU that uses the address space loads it before this returns. */
  private void install(Cpu cpu, Mm mm, LdtTable fresh) {
    mm.setPart(Mm.Part.LDT, fresh);
    machine.events().record(MmEvent.LDT_INSTALLED, cpu.id(), mm.contextId(), fresh.entries(), 0);
    CpuMask others = new CpuMask(machine.cpus());
    for (int i = 0; i < machine.cpus(); i++) {
      if (i != cpu.id() && mm.tlb().mayBeCachedBy(i)) {
        others.add(i);
      }
    }
    cpu.disablePreemption();
    load(cpu, mm);
    if (!others.isEmpty()) {
      machine.interrupts().call(cpu, others, target -> load(target, mm));
    }
    cpu.enablePreemption();
  }

  private void load(Cpu cpu, Mm mm) {
    if (shootdown.state(cpu.id()).loaded() == mm.tlb()) {
      load(cpu, mm, table(mm));
    }
  }

  /** Models {@code load_mm_ldt()}. */
  private void load(Cpu cpu, @Nullable Mm mm, @Nullable LdtTable table) {
    boolean isLoadable = true;
    if (mm != null && table != null && mm.isIsolated()) {
      isLoadable = table.slot() == 0 || table.slot() == 1;
      if (!isLoadable) {
        warn(cpu, mm, LdtWarning.LOADED_WITHOUT_SLOT);
      }
    }
    loaded[cpu.id()] = isLoadable ? table : null;
    LdtTable now = loaded[cpu.id()];
    long va = now == null || now.slot() == LdtTable.NO_SLOT ? 0 : slotVa(now.slot());
    long bytes = now == null ? 0 : (long) now.entries() * LdtTable.ENTRY_BYTES;
    long context = mm == null ? -1 : mm.contextId();
    machine.events().record(MmEvent.LDT_LOADED, cpu.id(), context, va, bytes);
  }

  // ---- mapping

  /** First address of a slot. */
  public long slotVa(int slot) {
    return region.layout().base() + (long) slot * LdtTable.MAX_BYTES;
  }

  private int map(Cpu cpu, Mm mm, LdtTable table, int slot) {
    if (!mm.isIsolated()) {
      return 0;
    }
    if (table.slot() != LdtTable.NO_SLOT) {
      warn(cpu, mm, LdtWarning.HAS_SLOT);
    }
    int error = prepareRegion(cpu, mm);
    if (error != 0) {
      return error;
    }
    LdtWarning contradiction = findContradiction(cpu, mm, slot);
    if (contradiction != null) {
      warn(cpu, mm, contradiction);
    }
    for (int page = 0; page < table.pages(); page++) {
      long entry = region.makeEntry(cpu, mm, slotVa(slot) + ((long) page << pageShift));
      if (entry == EntrySlot.NONE) {
        return -Errno.ENOMEM;
      }
      long pa = table.pfn(page) << pageShift;
      int rights = Rights.KERNEL_READ | Rights.ACCESSED;
      tables.writeEntry(cpu, EntrySlot.pa(entry), tables.format().leaf(1, pa, rights));
    }
    table.setSlot(slot);
    return 0;
  }

  /** Makes the region usable. The posted v2 drops the result (gallery 7). */
  protected int prepareRegion(Cpu cpu, Mm mm) {
    return region.init(cpu, mm);
  }

  /**
   * What contradicts that {@code slot} is free and the present table is mapped. The posted v2 finds
   * the entry of an empty table (gallery 8).
   */
  protected @Nullable LdtWarning findContradiction(Cpu cpu, Mm mm, int slot) {
    if (isMapped(cpu, mm.kernelPgdPa(), slot) || isMapped(cpu, mm.userPgdPa(), slot)) {
      return LdtWarning.ALREADY_MAPPED;
    }
    LdtTable old = table(mm);
    boolean isMissing =
        old != null
            && !(isMapped(cpu, mm.kernelPgdPa(), old.slot())
                && isMapped(cpu, mm.userPgdPa(), old.slot()));
    return isMissing ? LdtWarning.NOT_MAPPED : null;
  }

  private boolean isMapped(Cpu cpu, long rootPa, int slot) {
    long entry = tables.entryAt(cpu, rootPa, slotVa(slot), /* level= */ 1);
    return entry != EntrySlot.NONE
        && tables.format().isPresent(tables.readEntry(cpu, EntrySlot.pa(entry)), 1);
  }

  private void unmap(Cpu cpu, Mm mm, LdtTable table) {
    if (table.slot() == LdtTable.NO_SLOT) {
      return;
    }
    long from = slotVa(table.slot());
    long to = from + ((long) table.pages() << pageShift);
    for (long va = from; va < to; va += 1L << pageShift) {
      long entry = tables.entryAt(cpu, mm.kernelPgdPa(), va, /* level= */ 1);
      tables.writeEntry(cpu, EntrySlot.pa(entry), 0);
    }
    shootdown.flushMmRange(cpu, mm.tlb(), from, to, pageShift, /* freedTables= */ false);
  }

  private void warn(Cpu cpu, Mm mm, LdtWarning warning) {
    warnings[warning.ordinal()]++;
    machine.events().record(MmEvent.LDT_WARNING, cpu.id(), mm.contextId(), warning.ordinal(), 0);
  }

  /** How often it warned. */
  public long warnings(LdtWarning warning) {
    return warnings[warning.ordinal()];
  }

  // ---- tables

  private @Nullable LdtTable allocate(Cpu cpu, int entries) {
    int pageBytes = 1 << pageShift;
    long[] pfns = new long[(entries * LdtTable.ENTRY_BYTES + pageBytes - 1) / pageBytes];
    for (int i = 0; i < pfns.length; i++) {
      pfns[i] = allocator.allocate(cpu, Gfp.KERNEL_ACCOUNT | Gfp.ZERO, 0);
      if (pfns[i] == PageAllocator.NONE) {
        freePages(cpu, pfns, i);
        return null;
      }
      machine.memory().zero(pfns[i] << pageShift, pageBytes);
    }
    return new LdtTable(machine.memory(), pageShift, entries, pfns);
  }

  private static void copy(@Nullable LdtTable from, LdtTable to) {
    if (from == null) {
      return;
    }
    for (int i = 0; i < from.entries(); i++) {
      to.setEntry(i, from.entry(i));
    }
  }

  private void free(Cpu cpu, LdtTable table) {
    for (int i = 0; i < table.pages(); i++) {
      allocator.free(cpu, table.pfn(i), 0);
    }
  }

  private void freePages(Cpu cpu, long[] pfns, int count) {
    for (int i = 0; i < count; i++) {
      allocator.free(cpu, pfns[i], 0);
    }
  }

  /** The table of an address space, or null. */
  public static @Nullable LdtTable table(Mm mm) {
    return (LdtTable) mm.part(Mm.Part.LDT);
  }

  /** What the LDTR of a CPU points to, or null for an empty one. */
  public @Nullable LdtTable loaded(int cpu) {
    return loaded[cpu];
  }

  // ---- life of an address space

  /**
   * Gives a forked process a copy. Models {@code ldt_dup_context()}.
   *
   * @return 0 or {@code -ENOMEM}, which fails the fork
   */
  @Override
  public int duplicate(Cpu cpu, Mm from, Mm to) {
    lock(from).acquire(cpu);
    LdtTable old = table(from);
    int error = old == null ? 0 : duplicate(cpu, old, to);
    lock(from).release(cpu);
    return error;
  }

  private int duplicate(Cpu cpu, LdtTable old, Mm to) {
    LdtTable fresh = allocate(cpu, old.entries());
    if (fresh == null) {
      return -Errno.ENOMEM;
    }
    copy(old, fresh);
    int error = map(cpu, to, fresh, 0);
    if (error != 0) {
      free(cpu, fresh);
      return error;
    }
    to.setPart(Mm.Part.LDT, fresh);
    return 0;
  }

  /** Loads the next table when either side of a switch has one. Models {@code switch_ldt()}. */
  @Override
  public void switchTo(Cpu cpu, @Nullable Mm next) {
    LdtTable table = next == null ? null : table(next);
    if (table != null || loaded[cpu.id()] != null) {
      load(cpu, next, table);
    }
  }

  /** Frees the table, after the region's page tables are gone. */
  @Override
  public void destroy(Cpu cpu, Mm mm) {
    LdtTable table = table(mm);
    if (table != null) {
      mm.setPart(Mm.Part.LDT, null);
      free(cpu, table);
    }
  }
}
