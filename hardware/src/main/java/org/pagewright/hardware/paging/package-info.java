/**
 * Page-table formats as data, and the one walker that reads them.
 *
 * <p>Models address translation of x86-64 (4-level, 5-level, PAE), arm64 (4K, 16K and 64K
 * granules), RISC-V (Sv39, Sv48, Sv57), s390x, Power radix, LoongArch64 and sparc64: entries to the
 * bit, structural faults, permission checks with protection keys, accessed and dirty updates. The
 * Linux names of the bits are in {@code arch/*&#47;include/asm/pgtable*.h} (Linux 7.0).
 *
 * <p>Entry class: {@link org.pagewright.hardware.paging.Walker}. Key types: {@link
 * org.pagewright.hardware.paging.PteFormat} (geometry and bits; {@link
 * org.pagewright.hardware.paging.PteFormats} names them all), {@link
 * org.pagewright.hardware.paging.PagingRegisters} (roots, control bits, key registers of a CPU),
 * {@link org.pagewright.hardware.paging.Translation} (the packed answer), {@link
 * org.pagewright.hardware.paging.Fault} (its unpacked failure), {@link
 * org.pagewright.hardware.paging.WalkPath} (the seam for paging-structure caches).
 *
 * <p>Invariants: levels count from the leaf, 1 = PTE; a walk allocates nothing and changes no
 * memory; only {@code translate} sets accessed and dirty bits; a translation from a walk and one
 * from a TLB are checked by the same method.
 *
 * <p>Left out: 32-bit two-level paging, nested (second-stage) translation, 52-bit arm64 addresses,
 * shadow-stack pages, s390 tables shorter than their full length, software-loaded TLBs (LoongArch
 * and sparc64 walk the tables of Linux instead).
 */
@NullMarked
package org.pagewright.hardware.paging;

import org.jspecify.annotations.NullMarked;
