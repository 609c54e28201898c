/**
 * Replay: a model of the page allocator driven by the recorded trace of a real kernel.
 *
 * <p>Models nothing itself. It runs {@code mm/page_alloc.c}'s entry points as the events say they
 * ran: requests, frees one by one and in batches, unused ends of exact allocations, boot memory
 * handed over, and the steps that no event shows.
 *
 * <p>Entry class: {@link Replayer}. It drives a {@link ReplayAllocator}, predicts every allocation
 * before it looks at it, and counts in {@link ReplayCounts}; {@link Realignment} brings the two
 * back in step where they differ, {@link PartingTable} says where that was.
 *
 * <p>Invariants: nothing of an event is used before the event is predicted; every miss has one
 * {@link MissCause}.
 *
 * <p>Left out: the order of operations of different CPUs where the trace does not tell it.
 */
@NullMarked
package org.pagewright.lab.trace;

import org.jspecify.annotations.NullMarked;
