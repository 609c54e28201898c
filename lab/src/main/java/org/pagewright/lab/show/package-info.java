/**
 * Pictures of what is there, in the forms that kernel people know.
 *
 * <p>Models the output of the kernel's page-table dumps ({@code arch/x86/mm/dump_pagetables.c},
 * {@code arch/arm64/mm/ptdump.c}) and the figures of the architecture manuals, drawn from the data
 * that the simulated MMU itself works with.
 *
 * <p>Entry class: {@link org.pagewright.lab.show.TableDump}. Others: {@link
 * org.pagewright.lab.show.FormatFigure} (a format's entries, bit by bit), {@link
 * org.pagewright.lab.show.LayoutFigure} (regions of the address space) and {@link
 * org.pagewright.lab.show.ImageFolder} (a written memory image, read back).
 *
 * <p>Invariants: nothing here changes what it shows; every line fits in 100 columns except where
 * the kernel's own notation is wider.
 */
@NullMarked
package org.pagewright.lab.show;

import org.jspecify.annotations.NullMarked;
