package org.pagewright.faulty.kpkeys;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KpkeysConfig;

/**
 * The record of tables that boot made is full, and what does not fit is forgotten (v7 13/24; the
 * overflow is a reading, the need of a record is the author's).
 *
 * <p>Scenario: a machine whose RAM ends in small pieces, so that early tables lie in more ranges
 * than the record holds.
 */
public final class ForgetsEarlyTables {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "kpkeys-early-tables-unprotected",
          34,
          PlantedBug.Status.CONFIRMED,
          "tables-protected",
          "tables that boot made and could not note stay unprotected",
          Search.once(ForgetsEarlyTables::run));

  private static final String RAM = "0-32M,33792K-33800K,34816K-34824K,35840K-35848K,36864K-36872K";
  private static final int TOO_FEW = 2;

  private ForgetsEarlyTables() {}

  private static List<Violation> run(boolean isPlanted) {
    KpkeysConfig config = isPlanted ? KpkeysConfig.V7.withEarlyRanges(TOO_FEW) : KpkeysConfig.V7;
    try (HardenedWorld world = new HardenedWorld(RAM, config, HardenedTables::supply)) {
      return world.found();
    }
  }
}
