package org.pagewright.lab.experiment;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Everything that one sample depends on.
 *
 * @param seed what the sample's {@code Choices} are seeded with
 * @param index the sample's number, from 0
 * @param afterTrace the trace whose end is the state of memory at the start, or null for a fresh
 *     boot
 */
public record Trial(
    Variant variant,
    MachineFile machine,
    CostFile costs,
    Values values,
    @Nullable Path afterTrace,
    long seed,
    int index) {

  /** The same trial on another machine. */
  public Trial on(MachineFile other) {
    return new Trial(variant, other, costs, values, afterTrace, seed, index);
  }
}
