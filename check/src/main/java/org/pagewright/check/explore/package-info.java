/**
 * Exploration: which order of steps of several CPUs breaks a property.
 *
 * <p>A scenario is data: operations for each CPU, run on a fresh small kernel under all oracles.
 * The explorer tries orders of their steps, either every order with few preemptions (as CHESS does,
 * Musuvathi and Qadeer, PLDI 2007) or orders drawn from a seed, makes the first failing one smaller
 * and keeps it as text that replays it.
 *
 * <p>Entry class: {@link org.pagewright.check.explore.Explorer}. Others: {@link
 * org.pagewright.check.explore.Scenario}, {@link org.pagewright.check.explore.Operation}, {@link
 * org.pagewright.check.explore.SmallKernel}, {@link org.pagewright.check.explore.Exploration}.
 *
 * <p>Invariants: the same scenario, format, bounds and seed give the same result; a schedule found
 * once fails again when it is replayed.
 *
 * <p>Left out: a CPU is preempted only before a step whose address another CPU also uses, one of
 * them writing. Code between two steps is one action, also where Linux could be interrupted; the
 * allocator announces steps only where its callers do. Weak memory orders are left out.
 */
@NullMarked
package org.pagewright.check.explore;

import org.jspecify.annotations.NullMarked;
