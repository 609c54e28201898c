/**
 * What leaves the program: result files, and the one form in which users hear of bad input.
 *
 * <p>Entry class: {@link OutputFile}. A result file is either complete or absent: it is written
 * beside its place and renamed. {@link BadInput} says where a file is wrong, what is wrong there
 * and what was expected; the command line turns it into one line and exit status 3.
 *
 * <p>Nothing here computes results; the packages that do hand over values.
 */
@NullMarked
package org.pagewright.lab.report;

import org.jspecify.annotations.NullMarked;
