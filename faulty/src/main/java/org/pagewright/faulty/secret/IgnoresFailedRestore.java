package org.pagewright.faulty.secret;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.faulty.NoTables;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.secret.GuestMemfd;
import org.pagewright.kernel.secret.GuestMemfdConfig;
import org.pagewright.kernel.secret.SecretPages;

/**
 * Putting a page back into the direct map is taken to succeed, because its leaf was split when it
 * was removed ("Direct Map Removal Support for guest_memfd" v9 07/13; the same comment in
 * mm/secretmem.c). That holds for pages that were removed one by one.
 *
 * <p>Scenario: a folio of 2 MiB is removed as a whole and put back page by page while tables cannot
 * be had, then freed.
 */
public final class IgnoresFailedRestore {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "restore-assumed-infallible",
          68,
          PlantedBug.Status.CONFIRMED,
          "free-memory-agreement",
          "putting a page back into the direct map is taken to succeed",
          Search.once(IgnoresFailedRestore::run));

  private static final int ORDER = 9;
  private static final long BYTES = 2L << 20;

  private IgnoresFailedRestore() {}

  private static List<Violation> run(boolean isPlanted) {
    GuestMemfdConfig config = GuestMemfdConfig.BASELINE.withFolioOrder(ORDER).withRestoreOrder(0);
    try (FaultyKernel world = FaultyKernel.sound()) {
      Cpu cpu = world.cpu(0);
      GuestMemfd file = new Trusting(world.secretPages(), config, isPlanted);
      long written = file.write(cpu, 0, BYTES, FrameContent.ZERO);
      assert written == BYTES : written;
      world.kernel().directMap().replaceSplitTables(new NoTables(world.kernel().tablePages()));
      file.release(cpu);
      return world.inspect();
    }
  }

  /** A file that frees its folios whatever came of putting them back. */
  private static final class Trusting extends GuestMemfd {
    private final boolean isPlanted;

    Trusting(SecretPages pages, GuestMemfdConfig config, boolean isPlanted) {
      super(pages, config, BYTES);
      this.isPlanted = isPlanted;
    }

    @Override
    protected int restore(Cpu cpu, long pfn, int order) {
      int error = super.restore(cpu, pfn, order);
      return isPlanted ? 0 : error;
    }
  }
}
