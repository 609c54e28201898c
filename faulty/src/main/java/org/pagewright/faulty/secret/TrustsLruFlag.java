package org.pagewright.faulty.secret;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.kernel.secret.FastPin;
import org.pagewright.kernel.secret.FileMapping;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretmemConfig;

/**
 * Pages without the LRU flag are taken for ordinary ones, because secret ones have it; but a new
 * page gets it only when its batch is drained (include/linux/secretmem.h until commit 65291dcfcf89,
 * CVE-2024-35872).
 *
 * <p>Scenario: a page of a secret file is touched, and the kernel asks for it at once, and again
 * when the batch is drained.
 */
public final class TrustsLruFlag {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "secretmem-gup-fast-by-lru-flag",
          66,
          PlantedBug.Status.CONFIRMED,
          "secrets-unreachable",
          "pages without the LRU flag are taken to be ordinary ones",
          Search.once(TrustsLruFlag::run));

  private TrustsLruFlag() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      SecretPages pages = world.secretPages();
      SecretPageCache file = new SecretPageCache(pages, SecretmemConfig.Backing.REMOVE_EACH);
      FastPin pins =
          new FastPin(world.kernel().machine().events()) {
            @Override
            protected boolean mayPin(FileMapping mapping, long index) {
              boolean isTrusted = isPlanted && !mapping.folioIs(index, FileMapping.LRU);
              return isTrusted || super.mayPin(mapping, index);
            }
          };
      file.grab(world.cpu(0), 5);
      pins.pin(world.cpu(0), file, 5);
      pages.drainLru(world.cpu(0));
      pins.pin(world.cpu(0), file, 5);
      return world.inspect();
    }
  }
}
