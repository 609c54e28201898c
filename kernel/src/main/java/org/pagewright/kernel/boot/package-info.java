/**
 * From a machine that is switched on to a kernel that runs: early memory, kernel page tables, page
 * allocator.
 *
 * <p>Models {@code setup_arch()}, {@code init_mem_mapping()}, {@code mm_core_init()} and {@code
 * mark_rodata_ro()} (x86, Linux 7.0) and their likes on arm64 and riscv, as far as they decide what
 * memory is where and how it is mapped.
 *
 * <p>Entry class: {@link org.pagewright.kernel.boot.KernelMachine}. Others: {@link
 * org.pagewright.kernel.boot.KernelConfig} (all a booted kernel depends on, besides the seed),
 * {@link org.pagewright.kernel.boot.EarlyKernel} (before the page allocator), {@link
 * org.pagewright.kernel.boot.EarlyMemory} (memblock), {@link org.pagewright.kernel.boot.BootStages}
 * (where features take part).
 *
 * <p>Invariants: what early memory gave out is missing from what the page allocator is handed;
 * after boot every frame of RAM is in the direct map; clocks of all CPUs are equal.
 *
 * <p>Left out: firmware tables, memory hotplug, deferred initialisation of the memory map, early
 * parameters.
 */
@NullMarked
package org.pagewright.kernel.boot;

import org.jspecify.annotations.NullMarked;
