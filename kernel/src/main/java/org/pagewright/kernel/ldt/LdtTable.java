package org.pagewright.kernel.ldt;

import org.pagewright.hardware.memory.PhysicalMemory;

/** One local descriptor table in simulated RAM. Models {@code struct ldt_struct}. */
public final class LdtTable {
  /** Most entries, {@code LDT_ENTRIES}. */
  public static final int MAX_ENTRIES = 8192;

  public static final int ENTRY_BYTES = 8;

  /** Largest table, and distance of two slots. */
  public static final int MAX_BYTES = MAX_ENTRIES * ENTRY_BYTES;

  /** Not mapped in the mm-local region. */
  public static final int NO_SLOT = -1;

  private final PhysicalMemory memory;
  private final int pageShift;
  private final int entries;
  private final long[] pfns;
  private int slot = NO_SLOT;

  LdtTable(PhysicalMemory memory, int pageShift, int entries, long[] pfns) {
    this.memory = memory;
    this.pageShift = pageShift;
    this.entries = entries;
    this.pfns = pfns;
  }

  public int entries() {
    return entries;
  }

  public int pages() {
    return pfns.length;
  }

  /** Frame of its page {@code index}. */
  public long pfn(int index) {
    return pfns[index];
  }

  /** Which of the two places of the region maps it, or {@link #NO_SLOT}. */
  public int slot() {
    return slot;
  }

  void setSlot(int slot) {
    this.slot = slot;
  }

  public long entry(int index) {
    return memory.read(pa(index));
  }

  void setEntry(int index, long descriptor) {
    memory.write(pa(index), descriptor);
  }

  private long pa(int index) {
    assert index >= 0 && index < entries : index;
    long offset = (long) index * ENTRY_BYTES;
    return (pfns[(int) (offset >>> pageShift)] << pageShift) + (offset & ((1L << pageShift) - 1));
  }
}
