/**
 * Freeing memory ahead of requests.
 *
 * <p>Models {@code wakeup_kswapd()}, {@code balance_pgdat()} and {@code pgdat_balanced()}
 * (mm/vmscan.c, Linux 7.0).
 *
 * <p>Entry class: {@link Kswapd}, which the page allocator wakes and which finds pages by the same
 * hook as a request that reclaims for itself.
 *
 * <p>Invariants: a zone is marked as being reclaimed only while the task runs; what a run leaves of
 * a boost is what came after its start ({@code KswapdTest}).
 *
 * <p>Left out: which pages are reclaimed, which the hook decides; kcompactd; throttling of requests
 * that wait for the task.
 */
@NullMarked
package org.pagewright.kernel.reclaim;

import org.jspecify.annotations.NullMarked;
