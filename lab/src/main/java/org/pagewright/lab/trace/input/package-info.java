/**
 * Recorded traces of real kernels' page allocators, and the files that stand beside them, as input.
 *
 * <p>The events are those of {@code include/trace/events/kmem.h}: {@code mm_page_alloc}, {@code
 * mm_page_free}, {@code mm_page_free_batched}, {@code mm_page_alloc_zone_locked}, {@code
 * mm_page_pcpu_drain} and {@code mm_page_alloc_extfrag}, as text of ftrace, trace-cmd or perf.
 *
 * <p>Entry class: {@link TraceReader}. {@link EventBatch} holds events as packed words, {@link
 * EventStream} hands them out with a look ahead, {@link TraceStatistics} says what else a trace
 * held. {@link Companions} finds what stands beside a trace: {@link RecordedState}, {@link
 * HiddenSteps} and {@link ProcSnapshot}.
 *
 * <p>Invariants: a trace of any length is read in constant memory; what cannot be read is a {@link
 * org.pagewright.lab.report.BadInput} with its position; lost events are counted and never bridged
 * silently.
 *
 * <p>Left out: binary traces ({@code trace.dat}, {@code perf.data}) and raw fields ({@code -R}).
 */
@NullMarked
package org.pagewright.lab.trace.input;

import org.jspecify.annotations.NullMarked;
