/**
 * Planted bugs: one final class each, in packages that mirror the kernel's.
 *
 * <p>A planted bug enters through a seam that the kernel has anyway (a protected hook, a policy
 * value, a constructor argument), names the scenario that shows it and the one checker that must
 * catch it, and cites the report, patch or fix that it imitates. Nothing on the shipped path
 * depends on this module; the launcher adds it for {@code planted} only.
 */
@NullMarked
package org.pagewright.faulty;

import org.jspecify.annotations.NullMarked;
