package org.pagewright.kernel.mermap;

import org.pagewright.kernel.mm.Mm;

/** What the mermap keeps in one address space. Models {@code struct mermap_mm} (mermap_types.h). */
final class MermapState {
  private final Mm mm;
  private final MermapWindow[] windows;
  private final long[] pteTablePa;
  private final int tablesPerWindow;
  private final int tableShift;
  private final long blockPfn;
  private final int blockOrder;

  /**
   * State without tables.
   *
   * @param blockPfn first frame of the per-CPU block
   * @param tableShift log2 of the bytes that one PTE table maps
   */
  MermapState(
      Mm mm, MermapWindow[] windows, long windowBytes, int tableShift, long blockPfn, int order) {
    this.mm = mm;
    this.windows = windows;
    this.tableShift = tableShift;
    this.tablesPerWindow = (int) (windowBytes >>> tableShift);
    this.pteTablePa = new long[windows.length * tablesPerWindow];
    this.blockPfn = blockPfn;
    this.blockOrder = order;
  }

  Mm mm() {
    return mm;
  }

  MermapWindow window(int cpu) {
    return windows[cpu];
  }

  int windows() {
    return windows.length;
  }

  int tablesPerWindow() {
    return tablesPerWindow;
  }

  void setPteTable(int cpu, int table, long pa) {
    pteTablePa[cpu * tablesPerWindow + table] = pa;
  }

  /** The lowest table that maps {@code va} of this CPU's window. */
  long pteTable(int cpu, long va) {
    return pteTablePa[cpu * tablesPerWindow + (int) ((va - windows[cpu].firstVa()) >>> tableShift)];
  }

  long blockPfn() {
    return blockPfn;
  }

  int blockOrder() {
    return blockOrder;
  }
}
