/**
 * Statistics over the samples of an experiment: what a set of numbers says, and no more.
 *
 * <p>The entry class is {@link Summary}: count, mean, minimum, maximum, standard deviation and a 95
 * % interval of the mean by Student's t. {@link Histogram} draws samples of several variants on one
 * axis with block characters, the way the cover letters of kernel series print them.
 *
 * <p>Key types: {@link Summary}, {@link Histogram}, {@link StudentT}.
 *
 * <p>Invariants: nothing here draws random numbers; equal samples give equal results; samples are
 * never altered.
 *
 * <p>Left out: tests of significance beyond the interval, outlier rejection, and medians. A sample
 * that looks odd is shown, not dropped.
 */
@NullMarked
package org.pagewright.lab.stats;

import org.jspecify.annotations.NullMarked;
