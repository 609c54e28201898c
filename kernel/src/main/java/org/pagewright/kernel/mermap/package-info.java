/**
 * Short mappings of pages that the direct map does not cover, without a shootdown.
 *
 * <p>Models mm/mermap.c, include/linux/mermap.h and arch/x86/include/asm/mermap.h of "mm: Add
 * __GFP_UNMAPPED" (v1 of February 2026, v2 of March 2026 and later), and v1's and v2's clearing of
 * unmapped pages in mm/page_alloc.c.
 *
 * <p>Entry class: {@link org.pagewright.kernel.mermap.Mermap}. Others: {@link
 * org.pagewright.kernel.mermap.MermapConfig} (versions as data), {@link
 * org.pagewright.kernel.mermap.MermapZeroing} (the page allocator's user), {@link
 * org.pagewright.kernel.mermap.MermapView} (what checkers see).
 *
 * <p>Invariants: a mapping lies inside the window of its CPU; no address is handed out twice
 * between two flushes of that CPU; the migration count is unchanged after a get that returned
 * nothing, and one higher until the put otherwise; a get or put allocates nothing and takes no
 * lock.
 *
 * <p>Left out: the LDT in front of the windows; 32-bit kernels, whose region has no room for
 * windows; the published defects, which are planted from outside.
 */
@NullMarked
package org.pagewright.kernel.mermap;

import org.jspecify.annotations.NullMarked;
