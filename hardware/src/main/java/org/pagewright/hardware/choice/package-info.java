/**
 * Everything that may vary in a run: decisions, and the coroutines whose order is decided.
 *
 * <p>A simulated machine is deterministic. Whatever real hardware or timing leaves open (which CPU
 * runs next, whether an allocation fails, whether a TLB entry is evicted) is asked of one {@code
 * Choices}, so that a run is repeated by giving the same answers again.
 *
 * <p>Entry class: {@code Choices}. Answers come from a seed ({@code SeededChoices}), from a list
 * ({@code ReplayChoices}), from an odometer that visits every combination ({@code
 * ExhaustiveChoices}); {@code RecordingChoices} remembers what another one answered. {@code
 * Coroutine} lets straight-line code stop at a step and go on later; it is the only user of a JDK
 * internal.
 *
 * <p>Invariants: equal answers give equal runs; a question with one alternative consumes nothing,
 * so that adding a forced question does not shift recorded answers.
 *
 * <p>Left out: search strategies over schedules (partial-order reduction, preemption bounds) belong
 * to the checkers.
 */
@NullMarked
package org.pagewright.hardware.choice;

import org.jspecify.annotations.NullMarked;
