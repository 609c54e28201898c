package org.pagewright.faulty.mutation;

import java.util.List;
import java.util.function.Supplier;
import org.pagewright.check.oracle.Violation;

/**
 * One part of what mutants must survive.
 *
 * @param isQuick whether it also belongs to the smoke run
 * @param run runs it and answers what was found
 */
record Stage(String name, boolean isQuick, Supplier<List<Violation>> run) {}
