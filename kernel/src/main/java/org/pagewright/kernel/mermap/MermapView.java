package org.pagewright.kernel.mermap;

import org.pagewright.kernel.mm.Mm;

/** What a checker may see of the mermap: windows, records and counters of an address space. */
public interface MermapView {
  /** Which version runs. */
  MermapConfig config();

  /** Whether the address space has its windows. */
  boolean isPrepared(Mm mm);

  /** First address of a CPU's window, the same in every address space. */
  long windowBase(int cpu);

  /** First address behind a CPU's window. */
  long windowEnd(int cpu);

  /** The next address that the window hands out; [next, end) was not used since the last flush. */
  long nextVa(Mm mm, int cpu);

  /** Records of a window, in use or not. */
  int records();

  /** Whether a record is in use. */
  boolean inUse(Mm mm, int cpu, int record);

  /** First address of a record's mapping. */
  long recordFrom(Mm mm, int cpu, int record);

  /** First address behind a record's mapping. */
  long recordTo(Mm mm, int cpu, int record);

  /** Mappings made on a CPU so far. */
  long gets(Mm mm, int cpu);

  /** Mappings given back on a CPU so far. */
  long puts(Mm mm, int cpu);

  /** Flushes that a window needed so far: {@code tlb_flushes} of KUnit builds. */
  long flushes(Mm mm, int cpu);

  /** Requests of a CPU that got nothing. */
  long failures(Mm mm, int cpu);

  /** Warnings of all address spaces so far. */
  long warnings(MermapWarning warning);
}
