/**
 * CPUs and the machine around them: clocks, interrupts, locks, and the seam where CPUs interleave.
 *
 * <p>Models what Linux's architecture code stands on: per-CPU state, interprocessor calls
 * (kernel/smp.c), spin locks (include/linux/spinlock.h) and the context rules that lockdep and
 * might_sleep() enforce. Kernel code is straight-line Java that takes its {@code Cpu}.
 *
 * <p>Entry class: {@code Machine}. Key types: {@code Cpu} (context, clock, memory accesses), {@code
 * Mmu} (TLB, walker and the instructions that invalidate), {@code Interrupts} (calls on other
 * CPUs), {@code Interleaving} (every CPU's program as a coroutine), {@code EventLog} (what checkers
 * read, each the kinds that it asks for), {@code CostTable} and {@code Primitive} (what time
 * costs).
 *
 * <p>Invariants: exactly one simulated CPU runs at a time; a clock never goes back; a call is
 * delivered only to a CPU with interrupts on. Breaches of context rules are events of kind {@code
 * CONTEXT_RULE}, reported by the checkers, and do not stop the run.
 *
 * <p>Left out: pipelines and caches, store buffers and weak memory order, non-maskable interrupts,
 * device interrupts, CPU hotplug.
 */
@NullMarked
package org.pagewright.hardware.cpu;

import org.jspecify.annotations.NullMarked;
