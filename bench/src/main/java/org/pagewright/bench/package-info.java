/**
 * JMH benchmarks: one class per question, with the question and its command line in the Javadoc.
 *
 * <p>Every benchmark returns a value that a test checks with tiny parameters, so that it cannot rot
 * or lose its meaning. Results belong into commit messages and decision records, with machine, JDK
 * and spread; never into comments.
 *
 * <p>Entry class: {@link org.pagewright.bench.DirectMapBenchmark}, the shape that others follow.
 */
@NullMarked
package org.pagewright.bench;

import org.jspecify.annotations.NullMarked;
