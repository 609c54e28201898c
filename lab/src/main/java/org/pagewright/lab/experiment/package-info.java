/**
 * Experiments: what is compared, on which machine, at which costs, how often, and what came out.
 *
 * <p>Shaped like the benchmarks that the authors of the modelled series use; the first is
 * Firecracker's population latency, the table in the cover letter of "mm: Add __GFP_UNMAPPED" (RFC,
 * 2026-02).
 *
 * <p>The entry class is {@link Runner}, which takes the samples of an experiment; {@link RunReport}
 * describes the result. An {@link Experiment} names its {@link Variant}s and {@link Parameter}s and
 * turns a {@link Trial} into a {@link Sample}; those that there are stand in the package {@code
 * suite}. A {@link MachineFile} and a {@link CostFile} are YAML, ours in the jar or a user's, read
 * by {@link YamlBinder}. {@link Sensitivity} asks what errors in the costs would change.
 *
 * <p>Invariants: a sample depends on its trial alone; samples differ only by what {@code Choices}
 * answers under the sample's seed; equal seeds across variants pair the samples; every number of a
 * cost file says where it comes from; every setting says who set it.
 *
 * <p>Left out: sweeps over parameters, and resuming a run that was interrupted.
 */
@NullMarked
package org.pagewright.lab.experiment;

import org.jspecify.annotations.NullMarked;
