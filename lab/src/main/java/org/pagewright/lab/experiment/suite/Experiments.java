package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.Nearest;

/** The experiments that there are. */
public final class Experiments {

  private static final List<Experiment> ALL =
      List.of(
          new Populate(),
          new SecretmemVsFrag(),
          new HugepagesAlloc(),
          new TableHardening(),
          new ForkExit(),
          new DontNeed(),
          new SplitSupply(),
          new DeferredKeys(),
          new LeafSize());

  private Experiments() {}

  /** All experiments, in the order they are listed. */
  public static List<Experiment> all() {
    return ALL;
  }

  /**
   * The experiment called {@code name}.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Experiment named(String name) {
    List<String> names = ALL.stream().map(Experiment::name).toList();
    return ALL.stream()
        .filter(experiment -> experiment.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown experiment "
                    + name
                    + "; expected one of "
                    + String.join(", ", names)
                    + Nearest.hint(name, names)));
  }
}
