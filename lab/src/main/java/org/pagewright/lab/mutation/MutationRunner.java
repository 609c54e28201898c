package org.pagewright.lab.mutation;

import java.util.List;

/** Tries mutants; it is found as a service, as nothing that is shipped knows it. */
public interface MutationRunner {
  /** Is told now and then how far it is. */
  interface Progress {
    /** So many of all drawn mutants have ended. */
    void at(int done, int all);
  }

  /**
   * Tries what the plan says and the log does not know.
   *
   * @return a result for each mutant that has ended, by package, class and line
   */
  List<MutantResult> run(MutationPlan plan, MutationLog log, Progress progress);

  /** Makes a run end soon, without the mutants that it has not tried. */
  void stop();

  /** How many mutants a plan means. */
  int count(MutationPlan plan);

  /** Changes whenever the kernel, its checkers or the battery do. */
  String version(boolean isSmoke);

  /** Packages that are mutated, by the last parts of their names. */
  List<String> packages();
}
