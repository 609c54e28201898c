package org.pagewright.lab.trace;

import org.jspecify.annotations.Nullable;
import org.pagewright.lab.trace.input.Companions;

/**
 * How a trace is replayed.
 *
 * @param kernel the version to behave like, or null for a guess
 * @param isZoneTold whether a request may only use the zone that the kernel's answer lies in
 * @param named files named by the user, which replace those beside the trace
 * @param usesState whether states beside the trace are used
 * @param usesHidden whether hidden steps beside the trace are used
 * @param allowsPartial whether a trace may end before its header says
 */
public record ReplayOptions(
    @Nullable String kernel,
    boolean isZoneTold,
    Companions named,
    boolean usesState,
    boolean usesHidden,
    boolean allowsPartial) {

  /** Everything that stands beside the trace, nothing more. */
  public static final ReplayOptions DEFAULT =
      new ReplayOptions(null, false, Companions.NONE, true, true, false);

  /** These for another kernel version. */
  public ReplayOptions withKernel(@Nullable String version) {
    return new ReplayOptions(version, isZoneTold, named, usesState, usesHidden, allowsPartial);
  }

  /** These with the zone told. */
  public ReplayOptions withZoneTold() {
    return new ReplayOptions(kernel, true, named, usesState, usesHidden, allowsPartial);
  }

  /** These without hidden steps. */
  public ReplayOptions withoutHidden() {
    return new ReplayOptions(kernel, isZoneTold, named, usesState, false, allowsPartial);
  }

  /** These without states. */
  public ReplayOptions withoutState() {
    return new ReplayOptions(kernel, isZoneTold, named, false, usesHidden, allowsPartial);
  }
}
