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
   * What Linux does. One entry of the top table is not shared with the kernel's other processes.
   * With page-table isolation the table below that entry is allocated when the region is first
   * used, and the entry is copied to the user's top table: everything mapped later below it is
   * then seen by both. Without isolation tables appear when something is mapped.
   *
   * Why a failure leaks nothing. The only allocation stands before the flag is set. Tables made
   * later hang below the top entry and are found by free, whether or not their user succeeded.
   *
   * What is left out. PAE, where the shared entry is one of the second level; batches of the
   * gather.
   */

  /** When a process gets its region. */
  public enum Policy {
    /** At its first use. */
    ON_DEMAND,
    /** When the address space is made. */
    ALWAYS
  }

  private static final int GATHER_AT_FIRST = 64;

  private final MmLocalLayout layout;
  private final Policy policy;
  private final PageTables tables;
  private final TableSource source;
  private final TlbShootdown shootdown;
  private final EventLog events;

  private long[] gathered = new long[GATHER_AT_FIRST];
  private int gatheredTables;
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
    this.layout = layout;
    this.policy = policy;
    this.tables = tables;
    this.source = source;
    this.shootdown = shootdown;
    this.events = events;
    if (tables.format().topLevel() != layout.rootLevel()) {
      throw new IllegalArgumentException(
          "layout of level " + layout.rootLevel() + " with format " + tables.format().name());
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
    if (mm.isIsolated()) {
      int error = share(cpu, mm);
      if (error != 0) {
        return error;
      }
    }
    mm.set(Mm.LOCAL_REGION_USED);
    regionsUsed++;
    events.record(MmEvent.REGION_USED, cpu.id(), mm.contextId(), 0, 0);
    return 0;
  }

  /** Allocates the first table below the slot and lets the user's top table point to it too. */
  private int share(Cpu cpu, Mm mm) {
    long entryPa = topEntryPa(mm.kernelPgdPa());
    long entry = tables.readEntry(cpu, entryPa);
    if (!tables.format().isPresent(entry, layout.rootLevel())) {
      long tablePa = tables.allocateTable(cpu, layout.rootLevel() - 1, source);
      if (tablePa == TableSource.NONE) {
        return -Errno.ENOMEM;
      }
      entry = tables.kernelTable(tablePa, layout.rootLevel());
      tables.writeEntry(cpu, entryPa, entry);
    }
    copyToUser(cpu, mm, entry);
    return 0;
  }

  /** Makes what the kernel has below the slot part of the user's tables. */
  protected void copyToUser(Cpu cpu, Mm mm, long topEntry) {
    tables.writeEntry(cpu, topEntryPa(mm.userPgdPa()), topEntry);
  }

  private long topEntryPa(long pgdPa) {
    return pgdPa + (long) MmLocalLayout.SLOT * Long.BYTES;
  }

  /**
   * Finds or makes the entry of {@code va} in the lowest table; may sleep.
   *
   * @return its slot, or {@link EntrySlot#NONE} when a table cannot be had
   */
  public long makeEntry(Cpu cpu, Mm mm, long va) {
    assert layout.contains(va) && mm.has(Mm.LOCAL_REGION_USED) : Long.toHexString(va);
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
    gatheredTables = 0;
    long entryPa = topEntryPa(mm.kernelPgdPa());
    long entry = tables.readEntry(cpu, entryPa);
    if (tables.format().isPresent(entry, layout.rootLevel())) {
      tables.writeEntry(cpu, entryPa, 0);
      gather(cpu, tables.tablePa(entry, layout.rootLevel()), layout.rootLevel() - 1);
      flush(cpu, mm);
      for (int i = 0; i < gatheredTables; i++) {
        tables.freeTable(cpu, EntrySlot.pa(gathered[i]), EntrySlot.level(gathered[i]), source);
      }
    }
    tablesFreed += gatheredTables;
    events.record(MmEvent.REGION_FREED, cpu.id(), mm.contextId(), gatheredTables, 0);
  }

  /**
   * Reaches every CPU that may have walked the tables. Models {@code tlb_finish_mmu()}, full mm.
   */
  protected void flush(Cpu cpu, Mm mm) {
    shootdown.flushMm(cpu, mm.tlb());
  }

  /** Collects a table of {@code level} and what hangs below it, lower tables first. */
  private void gather(Cpu cpu, long tablePa, int level) {
    PteFormat format = tables.format();
    if (level > 1) {
      for (long entryPa = tablePa;
          entryPa < tablePa + format.tableBytes(level);
          entryPa += Long.BYTES) {
        long entry = tables.readEntry(cpu, entryPa);
        if (format.isTable(entry, level)) {
          tables.writeEntry(cpu, entryPa, 0);
          gather(cpu, tables.tablePa(entry, level), level - 1);
        }
      }
    }
    if (gatheredTables == gathered.length) {
      gathered = Arrays.copyOf(gathered, 2 * gathered.length);
    }
    gathered[gatheredTables++] = EntrySlot.of(tablePa, level);
  }

  /** Address spaces whose region was used so far. */
  public long regionsUsed() {
    return regionsUsed;
  }

  /** Tables that were given back so far. */
  public long tablesFreed() {
    return tablesFreed;
  }
}
