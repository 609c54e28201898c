package org.pagewright.check.explore;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.pagewright.check.oracle.Violation;

/** A known bug, brought back on purpose, with the scenario that shows it. */
public interface PlantedBug {
  /** How sure it is that the bug was one. */
  enum Status {
    /** A reviewer, the author or a fix upstream says so. */
    CONFIRMED,
    /** A later revision changes exactly that spot. */
    CORROBORATED,
    /** Somebody's reading of posted code. */
    READING,
    /** A reading that the model refutes: what it calls a bug breaks no property. */
    REFUTED
  }

  /** Its name, in kebab-case. */
  String name();

  /** Its number in docs/models/gallery.md. */
  int gallery();

  Status status();

  /** Name of the oracle that must catch it; empty for a refuted reading. */
  String oracle();

  /** Most runs that {@link #run} makes. */
  default int schedules() {
    return 1;
  }

  /**
   * Runs the scenario.
   *
   * @param isPlanted whether on the kernel with the bug, or on the one without it
   * @return what the oracles found
   */
  List<Violation> run(boolean isPlanted);

  /**
   * The same, and how far the search went.
   *
   * @param isOver asked between runs; ends the search
   */
  default Hunt hunt(boolean isPlanted, BooleanSupplier isOver) {
    return new Hunt(run(isPlanted), schedules(), 0, "");
  }
}
