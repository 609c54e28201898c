/**
 * The command line: one class per command, each a thin skin over the package that does the work.
 *
 * <p>Entry class: {@link Pagewright}. Data goes to standard output, progress and complaints to
 * standard error.
 */
@NullMarked
package org.pagewright.lab.cli;

import org.jspecify.annotations.NullMarked;
