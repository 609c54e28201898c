/**
 * Address spaces, tasks, and which of them a CPU uses.
 *
 * <p>Models include/linux/mm_types.h, kernel/fork.c (creation and end), kernel/sched/core.c (the
 * switch) and the switching half of arch/x86/mm/tlb.c, Linux 7.0.
 *
 * <p>Entry class: {@link org.pagewright.kernel.mm.Processes}. Others: {@link
 * org.pagewright.kernel.mm.Mm}, {@link org.pagewright.kernel.mm.Task}, {@link
 * org.pagewright.kernel.mm.MmFeature} (what other packages keep in every address space), {@link
 * org.pagewright.kernel.mm.FrameContent} (tags of what frames hold).
 *
 * <p>Invariants: a context number is never used again; a task with migration disabled runs on no
 * other CPU; no CPU uses the tables of an address space that has ended.
 *
 * <p>Left out: VMAs and faults, which are kernel.vm's; a scheduler.
 */
@NullMarked
package org.pagewright.kernel.mm;

import org.jspecify.annotations.NullMarked;
