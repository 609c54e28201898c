package org.pagewright.bench;

import org.pagewright.hardware.cpu.CostTable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PermissionBits;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.tlb.TlbGeometry;

/** A machine whose tables map a run of small pages, built without any kernel. */
final class MappedMachine implements AutoCloseable {
  /** First mapped address. */
  static final long VA = 1L << 35;

  private static final int RIGHTS =
      Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED | Rights.DIRTY;

  final Machine machine;
  private final PteFormat format;
  private final PhysicalMemory memory;
  private long nextTable;

  MappedMachine(PteFormat format, TlbGeometry tlb, int pages) {
    this.format = format;
    long tableBytes = 1L << 30;
    long bytes = tableBytes + ((long) pages << format.pageShift());
    machine =
        new Machine(
            new MachineConfig("mapped", MemoryMap.of(bytes), format, tlb, CostTable.FREE, 1));
    memory = machine.memory();
    memory.preferHugePages(0, tableBytes);
    long root = newTable(format.topLevel());
    for (int page = 0; page < pages; page++) {
      map(root, VA + ((long) page << format.pageShift()), tableBytes, page);
    }
    if (!cpu().mmu().switchRoot(root, /* asid= */ 0)) {
      throw new IllegalStateException("the root was refused");
    }
  }

  Cpu cpu() {
    return machine.cpu(0);
  }

  private void map(long root, long va, long firstPa, int page) {
    long table = root;
    for (int level = format.topLevel(); level > 1; level--) {
      long entryPa = format.entryPa(table, va, level);
      long entry = read(entryPa);
      if (!format.isPresent(entry, level)) {
        entry = accessed(format.table(level, newTable(level - 1)), level);
        write(entryPa, entry);
      }
      table = format.pa(entry, level);
    }
    long pa = firstPa + ((long) page << format.pageShift());
    write(format.entryPa(table, va, 1), format.leaf(1, pa, RIGHTS));
  }

  private long newTable(int level) {
    long bytes = Math.max(4096, format.tableBytes(level));
    nextTable = (nextTable + bytes - 1) & -bytes;
    long table = nextTable;
    nextTable += bytes;
    return table;
  }

  private long accessed(long entry, int level) {
    PermissionBits bits = format.level(level).table();
    return ((entry ^ bits.inverted()) | bits.accessed()) ^ bits.inverted();
  }

  private long read(long pa) {
    long entry = memory.read(pa);
    return format.has(PteFormat.Feature.BIG_ENDIAN) ? Long.reverseBytes(entry) : entry;
  }

  private void write(long pa, long entry) {
    memory.write(pa, format.has(PteFormat.Feature.BIG_ENDIAN) ? Long.reverseBytes(entry) : entry);
  }

  @Override
  public void close() {
    machine.close();
  }
}
