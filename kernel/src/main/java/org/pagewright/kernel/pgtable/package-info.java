/**
 * Kernel code's one door to page-table entries in simulated RAM.
 *
 * <p>Models {@code include/linux/pgtable.h} ({@code set_pte} and friends), {@code
 * lookup_address()}, the {@code *_alloc_kernel} chain of {@code mm/memory.c} and {@code
 * mm/vmalloc.c}'s range mapping (Linux 7.0), for every format that is described by a {@code
 * PteFormat}.
 *
 * <p>Entry class: {@link org.pagewright.kernel.pgtable.PageTables}. Others: {@link
 * org.pagewright.kernel.pgtable.EntrySlot} (where an entry stands), {@link
 * org.pagewright.kernel.pgtable.TableSource} (where tables come from), {@link
 * org.pagewright.kernel.pgtable.PageTableDump} (what is mapped), {@link
 * org.pagewright.kernel.pgtable.TablePages} (tables from the page allocator) and {@link
 * org.pagewright.kernel.pgtable.EntryGate} (what stands before a write).
 *
 * <p>Invariants: every write of an entry goes through this package, is charged, is a point where
 * CPUs may interleave unless nothing points to the table yet, and is recorded with its old and new
 * value; the number of tables by level is what was taken minus what was given back.
 *
 * <p>Left out: the life cycle of tables (constructors, split locks), huge vmalloc mappings chosen
 * by the mapper, the deferred modes of paravirtual kernels.
 */
@NullMarked
package org.pagewright.kernel.pgtable;

import org.jspecify.annotations.NullMarked;
