package org.pagewright.faulty.secret;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretmemConfig;

/**
 * Frames that were cleared through the mermap leave the process while CPUs still hold translations
 * to them ("mm: Add __GFP_UNMAPPED" RFC 04/19 and 18/19; the author's comment in mm/mermap.c states
 * the rule).
 *
 * <p>Scenario: pages of a file are added, cleared through the mermap, and given back.
 */
public final class FreesWhileCached {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mermap-page-freed-while-cached",
          14,
          PlantedBug.Status.CONFIRMED,
          "freed-frame-translations",
          "frames leave the process while CPUs hold mermap translations to them",
          Search.once(FreesWhileCached::run));

  private static final int PAGES = 4;

  private FreesWhileCached() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      world.runPrepared(0);
      SecretPageCache file =
          new SecretPageCache(world.secretPages(), SecretmemConfig.Backing.CACHE_FAST) {
            @Override
            protected void flushMermap(Cpu cpu, Mm mm) {
              if (!isPlanted) {
                super.flushMermap(cpu, mm);
              }
            }
          };
      for (int index = 0; index < PAGES; index++) {
        file.grab(world.cpu(0), index);
      }
      file.truncate(world.cpu(0), 0);
      return world.inspect();
    }
  }
}
