package org.pagewright.kernel.mmlocal;

import java.util.Arrays;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.MmFeature;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Kernel addresses that belong to one process. Models {@code mm_local_region_init()} and {@code
 * mm_local_region_free()} ("x86/mm: Generalize LDT remap into mm-local region", RFC of February
 * 2026 to v4).
 */
public class MmLocalRegion implements MmFeature {
  /*
   * What Linux does. One entry, of the top table or with PAE of level 2, is not shared with the
   * kernel's other processes. With page-table isolation the table below that entry is allocated
   * when the region is first used, and the entry is copied to user mode's tables: everything mapped
   * later below it is then seen by both. Without isolation tables appear when something is mapped.
   *
   * Why a failure leaks nothing. The only allocation stands before the flag is set. Tables made
   * later hang below the region's entry and are found by free, whether or not their user succeeded.
   *
   * What it shows to user mode. The mermap is seen by both, too, whatever it maps. Sharing only the
   * LDT's 2 MiB avoids that for as many more tables as there are levels between: three or four
   * instead of one, two or three of them user mode's own.
   *
   * What is left out. Batches of the gather.
   */

  /** When a process gets its region. */
  public enum Policy {
    /** At its first use. */
    ON_DEMAND,
    /** When the address space is made. */
    ALWAYS
  }

  /** What of a region user mode's tables have with isolation. */
  public enum Sharing {
    /** All of it, through the entry that covers it (v2 to v4). */
    REGION,
    /** The LDT alone, through an entry of level 2. */
    LDT
  }

  private static final int LDT_LEVEL = 2;
  private static final int GATHER_AT_FIRST = 64;

  private final MmLocalLayout layout;
  private final Policy policy;
  private final int sharedLevel;
  private final PageTables tables;
  private final TableSource source;
  private final TlbShootdown shootdown;
  private final EventLog events;

  private long regionsUsed;
  private long tablesFreed;

  /** A region of {@code layout} in every address space, tables from {@code source}. */
  public MmLocalRegion(
      MmLocalLayout layout,
      Policy policy,
      PageTables tables,
      TableSource source,
      TlbShootdown shootdown,
      EventLog events) {
    this(layout, policy, Sharing.REGION, tables, source, shootdown, events);
  }

  /** The same with a choice of what user mode's tables have. */
  public MmLocalRegion(
      MmLocalLayout layout,
      Policy policy,
      Sharing sharing,
      PageTables tables,
      TableSource source,
      TlbShootdown shootdown,
      EventLog events) {
    this.layout = layout;
    this.policy = policy;
    this.sharedLevel = sharing == Sharing.REGION ? layout.rootLevel() : LDT_LEVEL;
    this.tables = tables;
    this.source = source;
    this.shootdown = shootdown;
    this.events = events;
    if (tables.format().levelBytes(layout.rootLevel()) != layout.bytes()) {
      throw new IllegalArgumentException(
          "a region of " + layout.bytes() + " bytes with format " + tables.format().name());
    }
  }

  public MmLocalLayout layout() {
    return layout;
  }

  @Override
  public int create(Cpu cpu, Mm mm) {
    return policy == Policy.ALWAYS ? init(cpu, mm) : 0;
  }

  /**
   * Makes the region usable; may sleep. Models {@code mm_local_region_init()}: idempotent.
   *
   * @return 0 or {@code -ENOMEM}
   */
  public int init(Cpu cpu, Mm mm) {
    if (mm.has(Mm.LOCAL_REGION_USED)) {
      return 0;
    }
    if (mm.isIsolated() && !share(cpu, mm)) {
      return -Errno.ENOMEM;
    }
    mm.set(Mm.LOCAL_REGION_USED);
    regionsUsed++;
    events.record(MmEvent.REGION_USED, cpu.id(), mm.contextId(), layout.base(), layout.bytes());
    return 0;
  }

  /** Makes the first shared table and lets user mode's tables lead to it too. */
  private boolean share(Cpu cpu, Mm mm) {
    long slot = tables.makeEntry(cpu, mm.kernelPgdPa(), layout.base(), sharedLevel, source);
    long userSlot =
        slot == EntrySlot.NONE
            ? EntrySlot.NONE
            : tables.makeEntry(cpu, mm.userPgdPa(), layout.base(), sharedLevel, source);
    if (userSlot != EntrySlot.NONE && makeShared(cpu, EntrySlot.pa(slot))) {
      copyToUser(cpu, EntrySlot.pa(userSlot), tables.readEntry(cpu, EntrySlot.pa(slot)));
      return true;
    }
    if (sharedLevel < layout.rootLevel()) {
      takeOut(cpu, mm);
    }
    return false;
  }

  private boolean makeShared(Cpu cpu, long entryPa) {
    if (tables.format().isPresent(tables.readEntry(cpu, entryPa), sharedLevel)) {
      return true;
    }
    long tablePa = tables.allocateTable(cpu, sharedLevel - 1, source);
    if (tablePa == TableSource.NONE) {
      return false;
    }
    tables.writeEntry(cpu, entryPa, tables.kernelTable(tablePa, sharedLevel));
    return true;
  }

  /** Makes what the kernel has below an entry part of user mode's tables. */
  protected void copyToUser(Cpu cpu, long userEntryPa, long entry) {
    tables.writeEntry(cpu, userEntryPa, entry);
  }

  /**
   * Finds or makes the entry of {@code va} in the lowest table; may sleep.
   *
   * @return its slot, or {@link EntrySlot#NONE} when a table cannot be had
   */
  public long makeEntry(Cpu cpu, Mm mm, long va) {
    assert layout.contains(va) : Long.toHexString(va);
    return tables.makeEntry(cpu, mm.kernelPgdPa(), va, /* level= */ 1, source);
  }

  /** Frees the region's tables: called first at exit, while user mappings still stand. */
  @Override
  public void exit(Cpu cpu, Mm mm) {
    free(cpu, mm);
  }

  /**
   * Takes the region's tables out, flushes the address space, and gives them back. Models {@code
   * mm_local_region_free()}: the user's copy of the top entry stays, nobody runs on it any more.
   */
  public void free(Cpu cpu, Mm mm) {
    if (!mm.has(Mm.LOCAL_REGION_USED)) {
      return;
    }
    int freed = takeOut(cpu, mm);
    tablesFreed += freed;
    events.record(MmEvent.REGION_FREED, cpu.id(), mm.contextId(), freed, 0);
  }

  /** Empties the region and gives its tables back; other CPUs may do so for other processes. */
  private int takeOut(Cpu cpu, Mm mm) {
    Gathered gathered = new Gathered();
    takeOut(cpu, mm.kernelPgdPa(), /* lowest= */ 1, gathered);
    if (mm.isIsolated() && sharedLevel < layout.rootLevel()) {
      takeOut(cpu, mm.userPgdPa(), sharedLevel, gathered);
    }
    if (gathered.count > 0) {
      flush(cpu, mm);
    }
    for (int i = 0; i < gathered.count; i++) {
      long slot = gathered.slots[i];
      tables.freeTable(cpu, EntrySlot.pa(slot), EntrySlot.level(slot), source);
    }
    return gathered.count;
  }

  /** Empties the region's entry below a root and collects its tables down to a level. */
  private void takeOut(Cpu cpu, long rootPa, int lowest, Gathered gathered) {
    long slot = tables.entryAt(cpu, rootPa, layout.base(), layout.rootLevel());
    assert slot != EntrySlot.NONE : "the table of the region's entry is missing";
    long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
    if (tables.format().isPresent(entry, layout.rootLevel())) {
      tables.writeEntry(cpu, EntrySlot.pa(slot), 0);
      long tablePa = tables.tablePa(entry, layout.rootLevel());
      gather(cpu, tablePa, layout.rootLevel() - 1, lowest, gathered);
    }
  }

  /**
   * Reaches every CPU that may have walked the tables. Models {@code tlb_finish_mmu()}, full mm.
   */
  protected void flush(Cpu cpu, Mm mm) {
    shootdown.flushMm(cpu, mm.tlb());
  }

  /** Collects a table of {@code level} and what hangs below it, lower tables first. */
  private void gather(Cpu cpu, long tablePa, int level, int lowest, Gathered gathered) {
    PteFormat format = tables.format();
    if (level > lowest) {
      for (long entryPa = tablePa;
          entryPa < tablePa + format.tableBytes(level);
          entryPa += Long.BYTES) {
        long entry = tables.readEntry(cpu, entryPa);
        if (format.isTable(entry, level)) {
          tables.writeEntry(cpu, entryPa, 0);
          gather(cpu, tables.tablePa(entry, level), level - 1, lowest, gathered);
        }
      }
    }
    gathered.add(EntrySlot.of(tablePa, level));
  }

  /** Address spaces whose region was used so far. */
  public long regionsUsed() {
    return regionsUsed;
  }

  /** Tables that were given back so far. */
  public long tablesFreed() {
    return tablesFreed;
  }

  /** Tables of one region that wait for the flush, as slots. */
  private static final class Gathered {
    private long[] slots = new long[GATHER_AT_FIRST];
    private int count;

    void add(long slot) {
      if (count == slots.length) {
        slots = Arrays.copyOf(slots, 2 * count);
      }
      slots[count++] = slot;
    }
  }
}
