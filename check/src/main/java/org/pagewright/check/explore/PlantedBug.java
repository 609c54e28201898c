package org.pagewright.check.explore;

import java.util.function.BooleanSupplier;

/**
 * A known bug, brought back on purpose, and how it is looked for.
 *
 * @param name in kebab-case
 * @param gallery its number in docs/models/gallery.md
 * @param oracle which must catch it; empty for a refuted reading
 * @param wrong what the kernel with the bug does, in half a sentence
 * @param search how it is looked for
 */
public record PlantedBug(
    String name, int gallery, Status status, String oracle, String wrong, Search search) {
  /** How sure it is that the bug was one. */
  public enum Status {
    /** A reviewer, the author or a fix upstream says so. */
    CONFIRMED,
    /** A later revision changes exactly that spot. */
    CORROBORATED,
    /** Somebody's reading of posted code. */
    READING,
    /** A reading that the model refutes: what it calls a bug breaks no property. */
    REFUTED
  }

  /** The same bug, looked for in another way. */
  public PlantedBug by(Search other) {
    return new PlantedBug(name, gallery, status, oracle, wrong, other);
  }

  /**
   * Looks for it.
   *
   * @param isPlanted whether on the kernel with the bug, or on the one without it
   * @param isOver asked between runs; ends the search
   */
  public Hunt hunt(boolean isPlanted, BooleanSupplier isOver) {
    return search.run(isPlanted, isOver);
  }
}
