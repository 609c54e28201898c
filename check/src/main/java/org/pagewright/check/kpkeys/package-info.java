/**
 * Searches that only hardened tables need: can every split of the direct map be served?
 *
 * <p>Models no code of Linux. It drives {@code mm/kpkeys_hardened_pgtables.c} (v5 to v7, and
 * protected tables as a freetype) through all histories of a small machine up to states that look
 * alike, and through all schedules of two CPUs with one preemption.
 *
 * <p>Entry class: {@link org.pagewright.check.kpkeys.SplitSearch}. Others: {@link
 * org.pagewright.check.kpkeys.SplitWorld} (the machine and what is done to it), {@link
 * org.pagewright.check.kpkeys.SplitOperation}, {@link org.pagewright.check.kpkeys.SplitFindings}.
 *
 * <p>Invariants: a history is replayed on a fresh machine, so that the same history gives the same
 * state; every oracle watches every run.
 *
 * <p>Left out: more than two CPUs, more than one preemption, histories longer than the bound.
 */
@NullMarked
package org.pagewright.check.kpkeys;

import org.jspecify.annotations.NullMarked;
