package org.pagewright.kernel.directmap;

import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * The kernel's page tables as boot leaves them. Models {@code init_mm} with {@code swapper_pg_dir}.
 *
 * @param rootPa physical address of the top table
 * @param mapped RAM that the direct map covers, ranges that touch merged
 * @param leaves number of direct-map leaves by level; index 0 is unused
 * @param global whether kernel mappings carry the Global bit
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, at boot
public record KernelTables(
    PageTables tables,
    KernelLayout layout,
    ArchPolicy policy,
    long rootPa,
    MemoryMap mapped,
    long[] leaves,
    boolean global) {}
