/**
 * What leaves the program: text tables, JSON, CSV and one self-contained HTML page, all made from
 * one value, and the one form in which users hear of bad input.
 *
 * <p>The entry class is {@link Report}, a plain description of a finished run: settings and where
 * each came from, one or more {@link Comparison}s of variants, {@link Breakdown}s of where the time
 * went, counts, the cost table used, and findings. {@link TextReport} prints the table of the cover
 * letters of kernel series ({@code variant, samples, mean, min, histogram, max, Δμ}); {@link
 * HtmlReport} draws the same numbers, {@link CsvReport} lists every sample. {@link BadInput} says
 * where a file is wrong, what is wrong there and what was expected; the command line turns it into
 * one line and exit status 3.
 *
 * <p>Key types: {@link Report}, {@link TextTable}, {@link Json}, {@link Unit}, {@link OutputFile},
 * {@link InputText}.
 *
 * <p>Invariants: output is a function of the report alone, byte for byte; every chart of the page
 * has a table with the same numbers; the page loads nothing from anywhere; a result file is
 * complete or absent. Nothing here computes results.
 *
 * <p>Left out: reading reports back, and any format that needs a library.
 */
@NullMarked
package org.pagewright.lab.report;

import org.jspecify.annotations.NullMarked;
