package org.pagewright.faulty.secret;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretmemConfig;

/**
 * Whoever loses the race for a page of a secret file frees its own frame first and puts it back
 * into the direct map then (mm/secretmem.c until commit 6f86d0534fdd, October 2025).
 *
 * <p>Scenario: two CPUs touch the same page of a file; the second one comes in before the first one
 * has inserted its frame.
 */
public final class FreesBeforeRemap implements PlantedBug {
  @Override
  public String name() {
    return "secretmem-freed-before-remap";
  }

  @Override
  public int gallery() {
    return 6;
  }

  @Override
  public Status status() {
    return Status.CONFIRMED;
  }

  @Override
  public String oracle() {
    return "free-memory-agreement";
  }

  @Override
  public List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      SecretPages pages = world.secretPages();
      SecretPageCache file = new Raced(pages, world.cpu(1), isPlanted);
      file.grab(world.cpu(0), 5);
      file.truncate(world.cpu(0), 0);
      return world.found();
    }
  }

  /** A file whose page another CPU adds first. */
  private static final class Raced extends SecretPageCache {
    private final Cpu winner;
    private final boolean isPlanted;
    private boolean hasRaced;

    Raced(SecretPages pages, Cpu winner, boolean isPlanted) {
      super(pages, SecretmemConfig.Backing.REMOVE_EACH);
      this.winner = winner;
      this.isPlanted = isPlanted;
    }

    @Override
    protected void beforeInsert(Cpu cpu, long index) {
      if (!hasRaced) {
        hasRaced = true;
        grab(winner, index);
      }
    }

    @Override
    protected void restoreThenFree(Cpu cpu, long pfn) {
      if (isPlanted) {
        free(cpu, pfn);
        boolean isRestored = restore(cpu, pfn);
        assert isRestored : pfn;
      } else {
        super.restoreThenFree(cpu, pfn);
      }
    }
  }
}
