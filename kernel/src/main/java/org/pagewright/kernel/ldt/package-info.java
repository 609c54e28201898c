/**
 * The local descriptor table of a process, and the system call that reads and writes it.
 *
 * <p>Models arch/x86/kernel/ldt.c and the LDT half of arch/x86/include/asm/mmu_context.h, Linux
 * 7.0, with the mapping of "x86/mm: Generalize LDT remap into mm-local region" (2026).
 *
 * <p>Entry class: {@link org.pagewright.kernel.ldt.ModifyLdt}. Others: {@link
 * org.pagewright.kernel.ldt.UserDescriptor} (what a caller asks for), {@link
 * org.pagewright.kernel.ldt.LdtTable} (one immutable table), {@link
 * org.pagewright.kernel.ldt.UserBuffer} (the caller's memory), {@link
 * org.pagewright.kernel.ldt.LdtKernel} (a booted kernel with all of it).
 *
 * <p>Invariants: an installed table never changes; every CPU that uses an address space has its
 * newest table loaded before the one before is unmapped and freed; under page-table isolation a
 * loaded table is mapped in both roots; a failed call changes nothing.
 *
 * <p>Left out: paravirt; readers of a table wait for each other, too.
 */
@NullMarked
package org.pagewright.kernel.ldt;

import org.jspecify.annotations.NullMarked;
