/**
 * Top tables of processes: with page-table isolation a pair, one for the kernel and one for user
 * mode.
 *
 * <p>Models {@code pgd_alloc()}, {@code pgd_free()} and the preallocated tables of PAE in
 * arch/x86/mm/pgtable.c, arch/x86/mm/pti.c and arch/x86/mm/cpu_entry_area.c (Linux 7.0).
 *
 * <p>Entry class: {@link org.pagewright.kernel.pti.TopTables}. Others: {@link
 * org.pagewright.kernel.pti.PageTableIsolation} (what of the kernel user mode's tables hold, and
 * what each write of a top entry changes besides), {@link org.pagewright.kernel.pti.CpuEntryArea}
 * (pages that a CPU needs before it has switched tables).
 *
 * <p>Invariants: an entry for user addresses stands in both top tables, and what it leads to is
 * executable from user mode's alone; of the kernel, user mode's tables lead to the entry text, the
 * CPU entry area and what a process shares by itself (the mm-local region); with PAE every process
 * has all tables that its four top entries point to, and its own copy of the kernel's.
 *
 * <p>Left out: espfix, vsyscall page, debug-store buffers, the window in which boot has not cloned
 * everything yet; new top entries of the kernel after boot.
 */
@NullMarked
package org.pagewright.kernel.pti;

import org.jspecify.annotations.NullMarked;
