package org.pagewright.check.explore;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.pagewright.check.oracle.Violation;

/**
 * A planted bug as data.
 *
 * @param oracle which must catch it; empty for a refuted reading
 * @param search how it is looked for
 */
public record Planted(String name, int gallery, Status status, String oracle, Search search)
    implements PlantedBug {

  @Override
  public Hunt hunt(boolean isPlanted, BooleanSupplier isOver) {
    return search.run(isPlanted, isOver);
  }

  @Override
  public List<Violation> run(boolean isPlanted) {
    return hunt(isPlanted, () -> false).violations();
  }
}
