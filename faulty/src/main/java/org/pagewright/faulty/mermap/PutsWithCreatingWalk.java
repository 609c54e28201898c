package org.pagewright.faulty.mermap;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Mapping leaves out tables that are missing, and unmapping makes them, although neither may
 * allocate ("mm: Add __GFP_UNMAPPED" RFC, {@code __mermap_put()}; v2 takes a walk without locks
 * that the series later keeps from allocating).
 *
 * <p>Scenario: one thread prepares the windows of its process, which can be found before they have
 * tables (v1, v2), while another thread maps a page and unmaps it.
 */
public final class PutsWithCreatingWalk extends Mermap {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mermap-put-walk-may-allocate",
          70,
          PlantedBug.Status.CORROBORATED,
          "mermap-promise",
          "unmapping makes the tables that are missing",
          Search.exhaust(PutsWithCreatingWalk::prepareAndUse, /* preemptionsMax= */ 1));

  private static final long PAGE_BYTES = 1 << 12;

  private final PageTables tables;
  private final MmLocalRegion region;
  private final boolean isPlanted;

  private PutsWithCreatingWalk(
      MermapConfig config,
      MmLocalRegion region,
      KernelMachine kernel,
      TlbShootdown shootdown,
      boolean isPlanted) {
    super(config, region, kernel, shootdown);
    this.tables = kernel.tables();
    this.region = region;
    this.isPlanted = isPlanted;
  }

  private static Trial<FaultyKernel> prepareAndUse(boolean isPlanted) {
    return Trial.ofTwo(
        () -> world(isPlanted),
        Act.of("prepare the mermap", PutsWithCreatingWalk::prepare),
        Act.of("map a page", PutsWithCreatingWalk::mapOnce));
  }

  private static long prepare(FaultyKernel world, Cpu cpu) {
    Mm mm = Task.currentMm(cpu);
    return mm == null ? 0 : world.mermap().prepare(cpu, mm);
  }

  private static FaultyKernel world(boolean isPlanted) {
    FaultyKernel world =
        FaultyKernel.with((config, region, kernel, shootdown) ->
            new PutsWithCreatingWalk(config, region, kernel, shootdown, isPlanted));
    Mm mm = world.run(0);
    Task second = world.runThread(1, mm);
    assert second.mm() == mm : second;
    return world;
  }

  private static long mapOnce(FaultyKernel world, Cpu cpu) {
    Mermap mermap = world.mermap();
    if (mermap.isReady(cpu)) {
      long handle = mermap.get(cpu, /* pfn= */ 5, PAGE_BYTES, Rights.KERNEL_READ);
      if (handle != MermapHandle.NONE) {
        mermap.put(cpu, handle);
      }
    }
    return 0;
  }

  @Override
  protected boolean publishesBeforePrepared() {
    return true;
  }

  @Override
  protected boolean mapEntry(Cpu cpu, Mm mm, long va, long entry) {
    return super.mapEntry(cpu, mm, va, entry) || isPlanted;
  }

  @Override
  protected void unmapEntry(Cpu cpu, Mm mm, long va, long entry) {
    if (!isPlanted) {
      super.unmapEntry(cpu, mm, va, entry);
      return;
    }
    long slot = region.makeEntry(cpu, mm, va);
    if (slot != EntrySlot.NONE) {
      tables.writeEntry(cpu, EntrySlot.pa(slot), entry);
    }
  }
}
