package org.pagewright.kernel.pgtable;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * The one door through which kernel code reads and writes page-table entries, for any format.
 *
 * <p>Models {@code READ_ONCE(*pte)}, {@code set_pte()}, {@code ptep_cmpxchg}, {@code
 * lookup_address()} and the walks that create missing tables (Linux 7.0). Nothing here flushes or
 * locks: both are the caller's part, as in Linux.
 */
public final class PageTables {
  /*
   * Each access is charged, offers the scheduler a switch, and a write is recorded with its old
   * and new value. Entries of a table that nothing points to yet are written without the switch:
   * no other CPU can tell the order.
   */

  private static final int LEVELS = 8;

  private static final long X86_DIRTY = 1L << 6;

  /** As bits to clear: the entry becomes empty. */
  private static final long EVERYTHING = -1;

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final EventLog events;
  private final int top;
  private final boolean isBigEndian;
  private final long[] tables = new long[LEVELS];
  private EntryGate gate = EntryGate.OPEN;
  private @Nullable TableSource protectedTables;
  private EntryMirror mirror = EntryMirror.NONE;
  private long writes;

  /** A door to the memory of {@code machine}, in the format of its walker. */
  public PageTables(Machine machine) {
    this.memory = machine.memory();
    this.format = machine.format();
    this.events = machine.events();
    this.top = format.topLevel();
    this.isBigEndian = format.has(PteFormat.Feature.BIG_ENDIAN);
  }

  public PteFormat format() {
    return format;
  }

  /** Puts a gate in front of every write; there is one gate. */
  public void setGate(EntryGate gate) {
    this.gate = gate;
  }

  /** What stands in front of every write. */
  public EntryGate gate() {
    return gate;
  }

  /**
   * From here on every table comes from {@code source}, whatever source is asked for: tables of
   * another kind would be pages that the gate does not guard.
   *
   * @param source takes back what other sources gave before, too
   */
  public void protectTables(TableSource source) {
    protectedTables = source;
  }

  /** Where a table really comes from. */
  private TableSource source(TableSource asked) {
    return protectedTables == null || asked.isProtected() ? asked : asked.over(protectedTables);
  }

  /**
   * Begins a run of writes. Models {@code lazy_mmu_mode_enable()}; nests, and belongs to a task.
   */
  public void enterRun(Cpu cpu) {
    gate.enterRun(cpu);
  }

  /** Ends a run of writes. Models {@code lazy_mmu_mode_disable()}. */
  public void leaveRun(Cpu cpu) {
    gate.leaveRun(cpu);
  }

  /** Lets a mirror see every write; there is one mirror. */
  public void setMirror(EntryMirror mirror) {
    this.mirror = mirror;
  }

  // ---- single entries ----

  /** Reads the entry at {@code entryPa}. */
  public long readEntry(Cpu cpu, long entryPa) {
    cpu.step(Step.ENTRY_READ, entryPa);
    cpu.charge(Primitive.ENTRY_READ);
    long entry = load(entryPa);
    events.record(KernelEvent.ENTRY_READ, cpu.id(), entryPa, entry, 0);
    return entry;
  }

  /** Writes the entry at {@code entryPa}. */
  public void writeEntry(Cpu cpu, long entryPa, long entry) {
    cpu.step(Step.ENTRY_WRITE, entryPa);
    writeUnpublished(cpu, entryPa, entry);
  }

  /** Writes an entry of a table that no CPU can reach yet. */
  public void writeUnpublished(Cpu cpu, long entryPa, long entry) {
    cpu.charge(Primitive.ENTRY_WRITE);
    if (!gate.permits(cpu, entryPa)) {
      return;
    }
    put(cpu, entryPa, load(entryPa), entry);
  }

  private void put(Cpu cpu, long entryPa, long old, long entry) {
    long written = mirror.written(cpu, entryPa, entry);
    store(entryPa, written);
    writes++;
    events.record(KernelEvent.ENTRY_WRITE, cpu.id(), entryPa, old, written);
  }

  /** Copies entries into a table that no CPU can reach yet. Models {@code clone_pgd_range()}. */
  public void copyUnpublished(Cpu cpu, long toPa, long fromPa, int entries) {
    long bytes = (long) entries * Long.BYTES;
    cpu.charge(Primitive.COPY_BYTE, bytes);
    if (gate.permits(cpu, toPa)) {
      memory.copy(toPa, fromPa, bytes);
      writes += entries;
    }
  }

  /** Replaces the entry if it still is {@code expected}; returns what it was before. */
  public long compareAndExchange(Cpu cpu, long entryPa, long expected, long entry) {
    cpu.step(Step.ENTRY_WRITE, entryPa);
    cpu.charge(Primitive.ENTRY_EXCHANGE);
    long old = load(entryPa);
    if (old != expected || !gate.permits(cpu, entryPa)) {
      return old;
    }
    put(cpu, entryPa, old, entry);
    return old;
  }

  /** Whether the entry was {@code expected} and was replaced. */
  public boolean compareAndSet(Cpu cpu, long entryPa, long expected, long entry) {
    return compareAndExchange(cpu, entryPa, expected, entry) == expected;
  }

  /**
   * An entry of {@code level} that points to a kernel table. Models {@code _KERNPG_TABLE}: nothing
   * below is for user mode; x86 marks it dirty, which hardware ignores.
   */
  public long kernelTable(long tablePa, int level) {
    boolean marksDirty =
        format.architecture() == Architecture.X86
            && !(level == top && format.has(PteFormat.Feature.PDPTE_REGISTERS));
    return format.table(level, tablePa, Rights.KERNEL) | (marksDirty ? X86_DIRTY : 0);
  }

  /** Address of the table that an entry of {@code level} points to. */
  public long tablePa(long entry, int level) {
    return format.pa(entry, level);
  }

  /** Address of the page that a leaf of {@code level} maps, present or not. */
  public long leafPa(long entry, int level) {
    return (entry & format.level(level).leafAddress()) << format.addressShift();
  }

  private long load(long entryPa) {
    long stored = memory.read(entryPa);
    return isBigEndian ? Long.reverseBytes(stored) : stored;
  }

  private void store(long entryPa, long entry) {
    memory.write(entryPa, isBigEndian ? Long.reverseBytes(entry) : entry);
  }

  // ---- walks ----

  /**
   * Finds the entry where the walk for {@code va} ends: a leaf, an entry that is not present, or
   * the entry of the lowest level. Models {@code lookup_address()}.
   */
  public long lookup(Cpu cpu, long rootPa, long va) {
    long tablePa = rootPa;
    for (int level = top; ; level--) {
      long entryPa = format.entryPa(tablePa, va, level);
      if (level == 1) {
        return EntrySlot.of(entryPa, 1);
      }
      long entry = readEntry(cpu, entryPa);
      if (!format.isTable(entry, level)) {
        return EntrySlot.of(entryPa, level);
      }
      tablePa = format.pa(entry, level);
    }
  }

  /**
   * Finds the entry of {@code level} for {@code va}, or {@link EntrySlot#NONE} without its table.
   */
  public long entryAt(Cpu cpu, long rootPa, long va, int level) {
    long tablePa = rootPa;
    for (int at = top; at > level; at--) {
      long entry = readEntry(cpu, format.entryPa(tablePa, va, at));
      if (!format.isTable(entry, at)) {
        return EntrySlot.NONE;
      }
      tablePa = format.pa(entry, at);
    }
    return EntrySlot.of(format.entryPa(tablePa, va, level), level);
  }

  /**
   * Finds or makes the entry of {@code level} for {@code va}; may sleep. Models {@code
   * pte_alloc_kernel()} and the calls before it. Tables made before a failure stay.
   *
   * @return its slot, or {@link EntrySlot#NONE} when a table cannot be had or a leaf is in the way
   */
  public long makeEntry(Cpu cpu, long rootPa, long va, int level, TableSource source) {
    long tablePa = rootPa;
    for (int at = top; at > level; at--) {
      long entryPa = format.entryPa(tablePa, va, at);
      long entry = readEntry(cpu, entryPa);
      if (entry == format.empty(at)) {
        entry = makeTable(cpu, entryPa, at, source);
      }
      if (!format.isTable(entry, at)) {
        return EntrySlot.NONE;
      }
      tablePa = format.pa(entry, at);
    }
    return EntrySlot.of(format.entryPa(tablePa, va, level), level);
  }

  /** Puts a new table into an empty entry, or finds that another CPU was faster. */
  private long makeTable(Cpu cpu, long entryPa, int level, TableSource source) {
    long tablePa = allocateTable(cpu, level - 1, source);
    if (tablePa == TableSource.NONE) {
      return format.empty(level);
    }
    long mine = kernelTable(tablePa, level);
    long before = compareAndExchange(cpu, entryPa, format.empty(level), mine);
    if (before == format.empty(level)) {
      return mine;
    }
    freeTable(cpu, tablePa, level - 1, source);
    return before;
  }

  /** Takes an empty table of {@code level} from {@code source} and counts it. */
  public long allocateTable(Cpu cpu, int level, TableSource source) {
    long tablePa = source(source).allocate(cpu, level);
    if (tablePa != TableSource.NONE) {
      assert (tablePa & format.tableBytes(level) - 1) == 0 : Long.toHexString(tablePa);
      countNew(cpu, tablePa, level);
    }
    return tablePa;
  }

  /** Gives a table of {@code level} back to {@code source} and counts it. */
  public void freeTable(Cpu cpu, long tablePa, int level, TableSource source) {
    countFreed(cpu, tablePa, level);
    source(source).free(cpu, tablePa, level);
  }

  /** Takes two neighbouring tables of {@code level}, the first aligned to both. */
  public long allocatePair(Cpu cpu, int level, TableSource source) {
    long tablePa = source(source).allocatePair(cpu, level);
    if (tablePa != TableSource.NONE) {
      assert (tablePa & 2 * bytesOf(level) - 1) == 0 : Long.toHexString(tablePa);
      countNew(cpu, tablePa, level);
      countNew(cpu, tablePa + bytesOf(level), level);
    }
    return tablePa;
  }

  /** Gives both tables of {@link #allocatePair} back. */
  public void freePair(Cpu cpu, long tablePa, int level, TableSource source) {
    countFreed(cpu, tablePa, level);
    countFreed(cpu, tablePa + bytesOf(level), level);
    source(source).freePair(cpu, tablePa, level);
  }

  /** What a table takes: a page also where it is smaller. */
  private long bytesOf(int level) {
    return Math.max(format.tableBytes(level), format.pageBytes());
  }

  private void countNew(Cpu cpu, long tablePa, int level) {
    tables[level]++;
    events.record(KernelEvent.TABLE_ALLOCATED, cpu.id(), tablePa >>> format.pageShift(), level, 0);
  }

  private void countFreed(Cpu cpu, long tablePa, int level) {
    tables[level]--;
    assert tables[level] >= 0 : "more tables of level " + level + " freed than taken";
    events.record(KernelEvent.TABLE_FREED, cpu.id(), tablePa >>> format.pageShift(), level, 0);
  }

  // ---- ranges ----

  /**
   * Maps {@code [va, va + bytes)} to physical addresses from {@code pa} on, with the largest leaves
   * up to {@code largestLevel} that both alignments allow; may sleep.
   *
   * @param rights neutral rights, see {@link org.pagewright.hardware.paging.Rights}
   * @return bytes mapped: fewer than asked when a table could not be had
   */
  public long map(
      Cpu cpu, long rootPa, PageRange range, int rights, int largestLevel, TableSource source) {
    long done = 0;
    while (done < range.bytes()) {
      long va = range.va() + done;
      long pa = range.pa() + done;
      int level = leafLevel(va | pa, range.bytes() - done, largestLevel);
      long slot = makeEntry(cpu, rootPa, va, level, source);
      if (slot == EntrySlot.NONE) {
        return done;
      }
      long left = range.bytes() - done;
      done += mapNeighbours(cpu, slot, new PageRange(va, pa, left), rights);
    }
    return done;
  }

  /**
   * Maps the first part of a range: one run of leaves from the slot of its first address on, as
   * many as stand in that table. Models {@code vmap_pte_range()} for the lowest level.
   *
   * @return bytes mapped
   */
  public long mapNeighbours(Cpu cpu, long slot, PageRange range, int rights) {
    int level = EntrySlot.level(slot);
    long entryPa = EntrySlot.pa(slot);
    long leafBytes = format.levelBytes(level);
    long leaf = format.leaf(level, range.pa(), rights);
    long increment = leafBytes >>> format.addressShift();
    long room = format.level(level).entries() - format.index(range.va(), level);
    long entries = Math.min(room, range.bytes() / leafBytes);
    enterRun(cpu);
    for (long i = 0; i < entries; i++) {
      writeEntry(cpu, entryPa + i * Long.BYTES, leaf + i * increment);
    }
    leaveRun(cpu);
    return entries * leafBytes;
  }

  /** The highest level whose leaves fit the alignment of {@code addresses} and the size. */
  public int leafLevel(long addresses, long bytes, int largestLevel) {
    int level = Math.min(largestLevel, top);
    while (level > 1) {
      long leafBytes = format.levelBytes(level);
      if (format.isLeafLevel(level) && (addresses & leafBytes - 1) == 0 && bytes >= leafBytes) {
        return level;
      }
      level--;
    }
    return 1;
  }

  /**
   * Empties the entries of {@code [va, va + bytes)} and leaves the tables. A leaf that the range
   * covers in part is a caller's mistake.
   *
   * @return number of leaves taken out
   */
  public long unmap(Cpu cpu, long rootPa, long va, long bytes) {
    return protect(cpu, rootPa, va, bytes, /* set= */ 0, EVERYTHING);
  }

  /**
   * Sets and clears raw bits in the leaves of {@code [va, va + bytes)}; returns how many changed.
   */
  public long protect(Cpu cpu, long rootPa, long va, long bytes, long set, long clear) {
    long span = format.levelBytes(2);
    long changed = 0;
    long done = 0;
    while (done < bytes) {
      long end = Math.min(bytes, done + span - (va + done & span - 1));
      enterRun(cpu); // for each lowest table, as vunmap_pte_range() does
      while (done < end) {
        long slot = lookup(cpu, rootPa, va + done);
        long leafBytes = format.levelBytes(EntrySlot.level(slot));
        changed += replaceLeaf(cpu, slot, va + done, bytes - done, set, clear) ? 1 : 0;
        done += leafBytes - (va + done & leafBytes - 1);
      }
      leaveRun(cpu);
    }
    return changed;
  }

  private boolean replaceLeaf(Cpu cpu, long slot, long va, long bytes, long set, long clear) {
    int level = EntrySlot.level(slot);
    long entry = load(EntrySlot.pa(slot));
    if (entry == format.empty(level)) {
      return false;
    }
    long leafBytes = format.levelBytes(level);
    long inside = va & leafBytes - 1;
    if (inside != 0 || bytes < leafBytes) {
      throw new IllegalArgumentException(
          "range ends inside the leaf at 0x" + Long.toHexString(va - inside));
    }
    long replacement = clear == EVERYTHING ? format.empty(level) : (entry & ~clear) | set;
    if (replacement == entry) {
      return false;
    }
    writeEntry(cpu, EntrySlot.pa(slot), replacement);
    return true;
  }

  /**
   * Takes tables that lie inside {@code [va, va + bytes)} out of the tree and gives them back, from
   * the lowest level up to below {@code rootLevel}. Their leaves must be unmapped and flushed.
   *
   * @param rootLevel level of the entry below which the range lies; its own table stays
   * @return number of tables given back
   */
  public long freeTables(
      Cpu cpu, long rootPa, long va, long bytes, int rootLevel, TableSource source) {
    long freed = 0;
    for (int level = 2; level <= rootLevel; level++) {
      long span = format.levelBytes(level);
      for (long at = va & -span; at - va < bytes; at += span) {
        freed += freeTableBelow(cpu, rootPa, at, level, source);
      }
    }
    return freed;
  }

  private long freeTableBelow(Cpu cpu, long rootPa, long va, int level, TableSource source) {
    long slot = entryAt(cpu, rootPa, va, level);
    if (slot == EntrySlot.NONE) {
      return 0;
    }
    long entry = readEntry(cpu, EntrySlot.pa(slot));
    if (!format.isTable(entry, level)) {
      return 0;
    }
    long tablePa = format.pa(entry, level);
    if (!isEmptyTable(tablePa, level - 1)) {
      return 0;
    }
    writeEntry(cpu, EntrySlot.pa(slot), format.empty(level));
    freeTable(cpu, tablePa, level - 1, source);
    return 1;
  }

  private boolean isEmptyTable(long tablePa, int level) {
    long entries = format.level(level).entries();
    for (long i = 0; i < entries; i++) {
      if (load(tablePa + i * Long.BYTES) != format.empty(level)) {
        return false;
      }
    }
    return true;
  }

  // ---- counts, and reading without leaving a trace ----

  /** Tables of {@code level} that exist now. */
  public long tables(int level) {
    return tables[level];
  }

  /** Tables that exist now, of all levels. */
  public long tables() {
    long sum = 0;
    for (long count : tables) {
      sum += count;
    }
    return sum;
  }

  /** Entries written so far. */
  public long writes() {
    return writes;
  }

  /** The entry at {@code entryPa}, for checkers and reports: no charge, no switch. */
  public long peek(long entryPa) {
    return load(entryPa);
  }

  /** {@link #lookup} for checkers and reports: no charge, no switch. */
  public long peekLookup(long rootPa, long va) {
    long tablePa = rootPa;
    for (int level = top; ; level--) {
      long entryPa = format.entryPa(tablePa, va, level);
      long entry = load(entryPa);
      if (level == 1 || !format.isTable(entry, level)) {
        return EntrySlot.of(entryPa, level);
      }
      tablePa = format.pa(entry, level);
    }
  }
}
