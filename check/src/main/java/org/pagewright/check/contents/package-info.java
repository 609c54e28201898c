/**
 * Properties of what is in frames: nobody may see what another owner left there.
 *
 * <p>About kernel.secret, kernel.vm and whoever hands frames on: pages of secret files are cleared
 * before they go where their design promises it ({@code secretmem_free_folio()}, mm/secretmem.c),
 * and user mode finds in a new page what was put there for it, not what its last user left.
 *
 * <p>Entry class: {@link org.pagewright.check.contents.ContentsOracles}.
 *
 * <p>Invariants: as those of all oracles, {@link org.pagewright.check.oracle.Oracles}; contents are
 * read from simulated RAM and never written.
 *
 * <p>Left out: contents that a scenario only tags and never writes; what kernel code leaves in
 * frames that it gives back, which nobody has to clear.
 */
@NullMarked
package org.pagewright.check.contents;

import org.jspecify.annotations.NullMarked;
