/**
 * Properties of the kernel's mapping of all RAM and of changes to it.
 *
 * <p>About kernel.directmap: an address leads to its own frame, splits and merges change no
 * translation, and a change of attributes that succeeded is in the tables and in no CPU's way.
 *
 * <p>Entry class: {@link org.pagewright.check.directmap.DirectMapOracles}. Others: {@link
 * org.pagewright.check.directmap.HeldTranslations}, which compares what CPUs hold with the tables.
 *
 * <p>Invariants: as those of all oracles, {@link org.pagewright.check.oracle.Oracles}.
 *
 * <p>Left out: cache modes, memory encryption, and who asked for a change.
 */
@NullMarked
package org.pagewright.check.directmap;

import org.jspecify.annotations.NullMarked;
