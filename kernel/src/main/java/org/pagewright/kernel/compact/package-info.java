/**
 * Pages that leave the free lists for a while, and pages that move so that large blocks come free.
 *
 * <p>Models mm/compaction.c, mm/page_isolation.c, mm/page_reporting.c, and {@code
 * __isolate_free_page()} and {@code __putback_isolated_page()} (mm/page_alloc.c), Linux 7.0.
 *
 * <p>Entry class: {@link Compaction}, whose passes over a zone are {@link CompactionRun}s. {@link
 * PageMover} knows who uses a frame; {@link CompactionServices} is what the page allocator above
 * does for it. {@link FreePageIsolation} takes free blocks out and puts them back; {@link
 * PageReporting} tells a host of them meanwhile. {@link ContiguousRange} takes given frames, whose
 * pageblocks {@link BlockIsolation} keeps from others.
 *
 * <p>Invariants: no page is lost on the way, each is moved once and with its content, and a
 * pageblock always has a freetype that has a list ({@code AllocatorVerifier} of {@code
 * kernel.alloc}, {@code DirectCompactionTest}).
 *
 * <p>Left out: kcompactd and proactive compaction; the delay between passes of page reporting, and
 * its budget per pass.
 */
@NullMarked
package org.pagewright.kernel.compact;

import org.jspecify.annotations.NullMarked;
