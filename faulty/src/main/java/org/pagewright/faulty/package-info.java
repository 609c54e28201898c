/**
 * Planted bugs: one final class each, in packages that mirror the kernel's.
 *
 * <p>A planted bug enters through a seam that the kernel has anyway (a protected hook, a policy
 * value, a constructor argument), names the scenario that shows it and the one oracle that must
 * catch it, and cites the report, patch or fix that it imitates. Nothing on the shipped path
 * depends on this module; the launcher adds it for {@code planted} only.
 *
 * <p>Entry class: {@link org.pagewright.faulty.PlantedBugs}, the list of all. Others: {@link
 * org.pagewright.check.explore.PlantedBug}, {@link org.pagewright.faulty.FaultyKernel}, a small
 * kernel with processes, mermap and secret memory whose parts a bug may exchange, {@link
 * org.pagewright.faulty.ArmKernel}, the same on arm64 without processes, and {@link
 * org.pagewright.faulty.NoTables}, a source of tables that has none.
 *
 * <p>Invariants: the scenario of each bug, run on the kernel without it, is silent; with it, only
 * the named oracle speaks.
 */
@NullMarked
package org.pagewright.faulty;

import org.jspecify.annotations.NullMarked;
