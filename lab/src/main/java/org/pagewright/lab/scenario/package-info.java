/**
 * Scenarios as files, and the matrix of kernels that all of them run on.
 *
 * <p>A scenario file is YAML: a name, a sentence, the kind of kernel, and for each CPU a list of
 * operations, written as {@link org.pagewright.check.explore.Operation} reads and prints them. The
 * same words make a scenario in code, so there is one way to write one. Mistakes are reported
 * together, each with line, column and what was expected.
 *
 * <p>Entry class: {@link org.pagewright.lab.scenario.ScenarioFile}. Others: {@link
 * org.pagewright.lab.scenario.CheckMatrix}.
 *
 * <p>Invariants: a file is at most 64 KiB, and reading it ends whatever it holds; a failure that is
 * made smaller is printed as a file that this package reads.
 *
 * <p>Left out: loops, variables and expected verdicts. A scenario that needs a variable needs a new
 * operation.
 */
@NullMarked
package org.pagewright.lab.scenario;

import org.jspecify.annotations.NullMarked;
