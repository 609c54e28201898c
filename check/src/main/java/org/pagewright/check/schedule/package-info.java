/**
 * Schedules: in which order the steps of several CPUs are tried.
 *
 * <p>A strategy decides, run after run, which CPU goes on at each step. {@code EveryOrder} visits
 * one representative of each class of orders that differ only in steps that commute (dynamic
 * partial-order reduction, Flanagan and Godefroid, POPL 2005, with the sleep sets of Godefroid,
 * LNCS 1032, 1996). {@code FewPreemptions} visits orders with few preemptions (CHESS, Musuvathi and
 * Qadeer, PLDI 2007). {@code PriorityOrders} draws priorities and the places where they change
 * (PCT, Burckhardt and others, ASPLOS 2010), {@code DrawnOrders} every decision.
 *
 * <p>Entry class: {@link org.pagewright.check.schedule.Strategy}. Others: {@link
 * org.pagewright.check.schedule.StepConflicts}, which says what commutes.
 *
 * <p>Invariants: a strategy decides only by what it was given and what the runs show, so the same
 * runs come in the same order; the text of a strategy's position continues it.
 *
 * <p>Left out: reduction is only as good as the announced steps: what code between two steps does
 * is taken to touch nothing but what the step before it names. Weak memory orders.
 */
@NullMarked
package org.pagewright.check.schedule;

import org.jspecify.annotations.NullMarked;
