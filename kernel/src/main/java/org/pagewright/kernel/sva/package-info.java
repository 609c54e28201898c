/**
 * Processes whose tables devices walk, and how kernel tables are freed under them.
 *
 * <p>Models {@code drivers/iommu/iommu-sva.c} and the deferred freeing of kernel tables in {@code
 * mm/pgtable-generic.c} (Linux 6.19; commits 5ba2f0a15564 and e37d5a2d60a3, CVE-2025-71089).
 *
 * <p>Entry class: {@link org.pagewright.kernel.sva.SharedVirtualAddressing}. Others: {@link
 * org.pagewright.kernel.sva.KernelTableQueue} (tables that wait until every walker was told).
 *
 * <p>Invariants: a frame that was a kernel table is used again only when no walker's caches lead to
 * it (oracle freed-frame-translations).
 *
 * <p>Left out: notifiers of changes in user space, faults of devices, PASID allocation.
 */
@NullMarked
package org.pagewright.kernel.sva;

import org.jspecify.annotations.NullMarked;
