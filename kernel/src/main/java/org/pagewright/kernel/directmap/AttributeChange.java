package org.pagewright.kernel.directmap;

/**
 * What may be asked of a kernel mapping: the verbs of {@code set_memory_*} and {@code
 * set_direct_map_*} (include/linux/set_memory.h), without saying which bits they touch.
 */
public enum AttributeChange {
  /** {@code set_memory_ro}. */
  READ_ONLY,
  /** {@code set_memory_rw}. */
  READ_WRITE,
  /** {@code set_memory_rox}: read-only and executable; on x86 it also tries to collapse. */
  READ_ONLY_EXECUTABLE,
  /** {@code set_memory_x}. */
  EXECUTABLE,
  /** {@code set_memory_nx}. */
  NOT_EXECUTABLE,
  /** {@code set_memory_np}. */
  NOT_PRESENT,
  /** {@code set_memory_np_noalias}: leaves the direct-map alias alone. */
  NOT_PRESENT_NO_ALIAS,
  /** {@code set_memory_p}. */
  PRESENT,
  /** {@code set_memory_4k}: splits, and forbids collapsing again. */
  BASE_PAGES,
  /** {@code set_memory_nonglobal}. */
  NOT_GLOBAL,
  /** {@code set_memory_global}. */
  GLOBAL,
  /** {@code set_direct_map_invalid_noflush} and {@code set_direct_map_valid_noflush(false)}. */
  DIRECT_INVALID,
  /** {@code set_direct_map_default_noflush} and {@code set_direct_map_valid_noflush(true)}. */
  DIRECT_DEFAULT
}
