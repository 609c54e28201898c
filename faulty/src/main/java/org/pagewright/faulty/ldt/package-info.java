/**
 * Planted bugs of {@code org.pagewright.kernel.ldt}.
 *
 * <p>Models defects of arch/x86/kernel/ldt.c, posted or merged. Sources stand in
 * docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.ldt.LdtWorld}, the kernel that all of them run on;
 * {@link org.pagewright.faulty.PlantedBugs} lists all bugs.
 *
 * <p>Key types: each other class is a system call with one mistake and the scenario that shows it.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: entries of the gallery that have no seam yet; the table there says which.
 */
@NullMarked
package org.pagewright.faulty.ldt;

import org.jspecify.annotations.NullMarked;
