/**
 * Planted bugs of {@code org.pagewright.kernel.vm}.
 *
 * <p>Models defects of mm/{mremap,rmap,khugepaged,hugetlb}.c. Sources stand in
 * docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.vm.FlushesAfterUnlock}, as good a first one as any;
 * {@link org.pagewright.faulty.PlantedBugs} lists all. Others: {@link
 * org.pagewright.faulty.vm.ProgramWorld}, a kernel with processes whose parts a bug may exchange.
 *
 * <p>Invariants: the scenario without the bug is silent in every order that is tried.
 *
 * <p>Left out: entries of the gallery that have no seam yet; the table there says which.
 */
@NullMarked
package org.pagewright.faulty.vm;

import org.jspecify.annotations.NullMarked;
