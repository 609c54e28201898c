/**
 * What a kernel does differently on each architecture, as rows of data.
 *
 * <p>Models the per-architecture choices of {@code arch/{x86,arm64,riscv,s390,powerpc,loongarch}}
 * that decide how kernel mappings are changed and how stale translations are removed (Linux 6.12,
 * 7.0 and 7.3 where they differ), and the fixed addresses of the kernel half of the address space.
 *
 * <p>Entry class: {@link org.pagewright.kernel.arch.ArchPolicy}. Others: {@link
 * org.pagewright.kernel.arch.KernelLayout} (where the direct map, vmalloc space and the kernel
 * image stand) and {@link org.pagewright.kernel.arch.KernelEvent} (numbers of the events that the
 * kernel records for checkers).
 *
 * <p>Invariants: a policy is a value, compared and printed, and nothing else besides the
 * configuration decides behaviour; regions of a layout are disjoint.
 *
 * <p>Left out: randomised bases (KASLR); 32-bit kernels other than PAE; who constructs and frees
 * tables, which belongs to the life cycle of tables.
 */
@NullMarked
package org.pagewright.kernel.arch;

import org.jspecify.annotations.NullMarked;
