/**
 * Oracles of the page allocator: what holds of free lists, counters, locks and requests.
 *
 * <p>They see every change of a list and of a counter, who holds a zone's lock, and each request
 * from its beginning to its end, as events of {@code org.pagewright.kernel.arch.KernelEvent} 140 to
 * 149. What is free they keep themselves ({@link org.pagewright.check.alloc.FreeBlocks}).
 *
 * <p>Entry class: {@link org.pagewright.check.alloc.AllocatorOracles}, which makes all of them for
 * {@code org.pagewright.check.oracle.Oracles}.
 *
 * <p>Invariants: oracles read marks, counters and pageblocks through views and call no code that
 * decides; a kernel without a bug is silent under random requests of every kind.
 *
 * <p>Left out: the lists of CPUs as such (their pages count as in use), fairness, and how long a
 * request takes.
 */
@NullMarked
package org.pagewright.check.alloc;

import org.jspecify.annotations.NullMarked;
