package org.pagewright.kernel.arch;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Says which requests fail although they could be served. Models {@code CONFIG_FAULT_INJECTION}
 * (lib/fault-inject.c) with {@code fail_page_alloc} (mm/fail_page_alloc.c), and walks over page
 * tables that fail as {@code apply_to_page_range()} may.
 */
@FunctionalInterface
public interface FaultInjection {
  /** Nothing fails that could be served. */
  FaultInjection NONE = (cpu, point) -> false;

  /** What may fail. */
  enum Point {
    /** A request for frames of a CPU; one with {@code __GFP_NOFAIL} is never asked about. */
    ALLOCATION,
    /** A walk over page tables that write entries. */
    WALK
  }

  /** Asked once per request, in the order in which they are made. */
  boolean fails(Cpu cpu, Point point);
}
