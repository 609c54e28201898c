/**
 * Walkers of page tables that are no CPUs: an IOMMU that translates for devices with the tables of
 * a process.
 *
 * <p>Models first-stage translation with PASIDs (Intel VT-d specification, "First-stage
 * translation" and "Caching translation information"; AMD I/O Virtualization Technology
 * specification; Arm SMMU v3 with stage 1 shared).
 *
 * <p>Entry class: {@link org.pagewright.hardware.iommu.Iommu}. It has translation caches of the
 * same kind as a CPU, seen through {@link org.pagewright.hardware.tlb.TlbView}.
 *
 * <p>Invariants: no instruction of a CPU reaches its caches, only commands given to it do; it
 * caches tables also where it finds no translation that a device may use, kernel tables among them.
 *
 * <p>Left out: second-stage translation, caches in devices (ATS), page requests, the queues that
 * commands wait in, and time.
 */
@NullMarked
package org.pagewright.hardware.iommu;

import org.jspecify.annotations.NullMarked;
