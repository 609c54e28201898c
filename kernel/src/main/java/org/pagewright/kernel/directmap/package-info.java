/**
 * The mapping of all RAM at fixed kernel addresses, and how its attributes change.
 *
 * <p>Models {@code arch/x86/mm/pat/set_memory.c} (6.12, 7.0, 7.3), {@code arch/arm64/mm/pageattr.c}
 * with the leaf splitting of {@code mmu.c} (7.0), {@code arch/riscv/mm/pageattr.c} (7.0), and the
 * direct-map half of the freetype conversion of the unmapped-pages series (v1 to v4, 2026).
 *
 * <p>Entry class: {@link org.pagewright.kernel.directmap.DirectMap}. Others: {@link
 * org.pagewright.kernel.directmap.DirectMapConfig} (variants), {@link
 * org.pagewright.kernel.directmap.AttributeChange} (the verbs), {@link
 * org.pagewright.kernel.directmap.DirectMapConversion} (whole pageblocks for the allocator), {@link
 * org.pagewright.kernel.directmap.DirectMapView} (for checkers).
 *
 * <p>Invariants: the number of leaves by level, times their size, is the RAM that the map covers; a
 * leaf keeps its frame whatever happens to its bits; a split's table is published before any
 * attribute differs, and on x86 everything is flushed in between; splits do not nest without bound.
 *
 * <p>Left out: cache modes and memory encryption, memory hotplug, vmalloc's own bookkeeping.
 */
@NullMarked
package org.pagewright.kernel.directmap;

import org.jspecify.annotations.NullMarked;
