/**
 * Exploration: which order of steps of several CPUs breaks a property.
 *
 * <p>A trial is a world, made anew or put back for each run, and what each CPU does there; a
 * scenario is one on a small kernel under all oracles. The explorer runs a trial in the orders of a
 * strategy of {@code check.schedule}, makes the first failing run smaller and keeps it as text that
 * replays it.
 *
 * <p>Entry class: {@link org.pagewright.check.explore.Explorer}. Others: {@link
 * org.pagewright.check.explore.World}, {@link org.pagewright.check.explore.Trial}, {@link
 * org.pagewright.check.explore.Scenario}, {@link org.pagewright.check.explore.SmallKernel}; {@link
 * org.pagewright.check.explore.Planted} is a known bug with the search that must find it.
 *
 * <p>Invariants: the same trial and strategy give the same result; a schedule found once fails
 * again when it is replayed.
 *
 * <p>Left out: code between two steps is one action, also where Linux could be interrupted; the
 * allocator announces steps only where its callers do. Weak memory orders are left out.
 */
@NullMarked
package org.pagewright.check.explore;

import org.jspecify.annotations.NullMarked;
