package org.pagewright.kernel.directmap;

import java.util.List;

/**
 * What may be asked of a kernel mapping: the verbs of {@code set_memory_*} and {@code
 * set_direct_map_*} (include/linux/set_memory.h), without saying which bits they touch.
 */
public enum AttributeChange {
  /** {@code set_memory_ro}. */
  READ_ONLY("set_memory_ro"),
  /** {@code set_memory_rw}. */
  READ_WRITE("set_memory_rw"),
  /** {@code set_memory_rox}: read-only and executable; on x86 it also tries to collapse. */
  READ_ONLY_EXECUTABLE("set_memory_rox"),
  /** {@code set_memory_x}. */
  EXECUTABLE("set_memory_x"),
  /** {@code set_memory_nx}. */
  NOT_EXECUTABLE("set_memory_nx"),
  /** {@code set_memory_np}. */
  NOT_PRESENT("set_memory_np"),
  /** {@code set_memory_np_noalias}: leaves the direct-map alias alone. */
  NOT_PRESENT_NO_ALIAS("set_memory_np_noalias"),
  /** {@code set_memory_p}. */
  PRESENT("set_memory_p"),
  /** {@code set_memory_4k}: splits, and forbids collapsing again. */
  BASE_PAGES("set_memory_4k"),
  /** {@code set_memory_nonglobal}. */
  NOT_GLOBAL("set_memory_nonglobal"),
  /** {@code set_memory_global}. */
  GLOBAL("set_memory_global"),
  /** {@code set_direct_map_invalid_noflush} and {@code set_direct_map_valid_noflush(false)}. */
  DIRECT_INVALID("set_direct_map_invalid_noflush"),
  /** {@code set_direct_map_default_noflush} and {@code set_direct_map_valid_noflush(true)}. */
  DIRECT_DEFAULT("set_direct_map_default_noflush");

  private static final List<AttributeChange> ALL = List.of(values());

  private final String function;

  AttributeChange(String function) {
    this.function = function;
  }

  /** The change of an event's number. */
  public static AttributeChange of(int ordinal) {
    return ALL.get(ordinal);
  }

  /** The kernel's name for it. */
  public String function() {
    return function;
  }
}
