/**
 * Pages that leave the free lists for a while.
 *
 * <p>Models {@code __isolate_free_page()} and {@code __putback_isolated_page()} (mm/page_alloc.c)
 * and mm/page_reporting.c, Linux 7.0.
 *
 * <p>Entry class: {@link FreePageIsolation}, which takes blocks out and puts them back; {@link
 * PageReporting} tells a host of them meanwhile.
 *
 * <p>Invariants, checked by {@code AllocatorVerifier} of {@code kernel.alloc}: no page is lost on
 * the way, and a pageblock always has a freetype that has a list.
 *
 * <p>Left out: the delay between passes of page reporting, and its budget per pass.
 */
@NullMarked
package org.pagewright.kernel.compact;

import org.jspecify.annotations.NullMarked;
