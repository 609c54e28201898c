/**
 * Properties of the mm-local region, of LDTs in it, and of what user mode's tables lead to.
 *
 * <p>About kernel.mmlocal, kernel.ldt and kernel.pti: regions of the kernel's half do not overlap,
 * a loaded LDT can be reached on every root that its task runs on, and user mode's root leads to
 * nothing of the kernel that it need not see.
 *
 * <p>Entry class: {@link org.pagewright.check.mmlocal.LocalRegionOracles}.
 *
 * <p>Invariants: as those of all oracles, {@link org.pagewright.check.oracle.Oracles}.
 *
 * <p>Left out: timing, and what a CPU reaches through its TLB, which other oracles watch.
 */
@NullMarked
package org.pagewright.check.mmlocal;

import org.jspecify.annotations.NullMarked;
