package org.pagewright.lab.mutation;

import java.util.List;
import java.util.function.Consumer;

/** Tries mutants; it is found as a service, as nothing that is shipped knows it. */
public interface MutationRunner {
  /**
   * Tries what the plan says.
   *
   * @param progress is told, now and then, how far it is
   * @return a result for each mutant, by package, class and line
   */
  List<MutantResult> run(MutationPlan plan, Consumer<String> progress);

  /** Packages that are mutated, by the last parts of their names. */
  List<String> packages();
}
