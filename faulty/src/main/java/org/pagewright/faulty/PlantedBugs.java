package org.pagewright.faulty;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.faulty.directmap.CollapseFreesUnderWriter;
import org.pagewright.faulty.kpkeys.ForgetsEarlyTables;
import org.pagewright.faulty.kpkeys.SplitsWithoutReserve;
import org.pagewright.faulty.mermap.LeaksMigrateDisable;
import org.pagewright.faulty.mermap.SharesReservedRecord;
import org.pagewright.faulty.mermap.WrapsIntoNextCpu;
import org.pagewright.faulty.secret.FreesBeforeRemap;
import org.pagewright.faulty.secret.FreesWhileCached;
import org.pagewright.faulty.tlbflush.SparesLazyCpus;

/** Every planted bug, by number in the gallery. */
public final class PlantedBugs {
  private static final List<PlantedBug> ALL =
      List.of(
          FreesBeforeRemap.BUG,
          new WrapsIntoNextCpu(),
          LeaksMigrateDisable.BUG,
          new FreesWhileCached(),
          new CollapseFreesUnderWriter(),
          new SplitsWithoutReserve(),
          new ForgetsEarlyTables(),
          new SparesLazyCpus(),
          new SharesReservedRecord());

  private PlantedBugs() {}

  public static List<PlantedBug> all() {
    return ALL;
  }
}
