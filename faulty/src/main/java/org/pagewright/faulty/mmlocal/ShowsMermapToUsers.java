package org.pagewright.faulty.mmlocal;

import java.util.Objects;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.ldt.LdtWorld;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtKernel;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * With page-table isolation the region is shared as a whole, so that what the mermap shows the
 * kernel is in user mode's tables too ("x86/mm: Generalize LDT remap into mm-local region" v2 says
 * so in a comment: nothing may be mapped there that the process must not see). Without the bug the
 * LDT alone is shared.
 *
 * <p>Scenario: a process with an LDT maps a page of another process.
 */
public final class ShowsMermapToUsers {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mm-local-visible-to-user-root",
          54,
          PlantedBug.Status.CONFIRMED,
          "user-root-reach",
          "all of the region is shared with user mode's tables",
          Search.once(ShowsMermapToUsers::world, ShowsMermapToUsers::mapForeignPage));

  private ShowsMermapToUsers() {}

  private static LdtWorld world(boolean isPlanted) {
    return new LdtWorld(
        "x86_64-4level",
        new LdtKernel.Parts() {
          @Override
          public MmLocalRegion region(KernelMachine kernel) {
            return new MmLocalRegion(
                MmLocalLayout.of(kernel.machine().format()),
                MmLocalRegion.Policy.ON_DEMAND,
                isPlanted ? MmLocalRegion.Sharing.REGION : MmLocalRegion.Sharing.LDT,
                kernel.tables(),
                kernel.tablePages(),
                kernel.shootdown(),
                kernel.machine().events());
          }
        });
  }

  private static void mapForeignPage(LdtWorld world) {
    Cpu mine = world.kernel().cpu(0);
    Cpu theirs = world.kernel().cpu(1);
    Mm mm = Objects.requireNonNull(world.start(mine));
    Mm other = Objects.requireNonNull(world.start(theirs));
    assert mm != other : mm;
    PageAllocator allocator = world.kernel().kernel().allocator();
    long pfn = allocator.allocate(theirs, Gfp.KERNEL, 0);
    Mermap mermap = world.requireMermap();
    int error = world.write(mine, 0);
    assert error == 0 : error;
    error = mermap.prepare(mine, mm);
    assert error == 0 : error;
    long handle = mermap.get(mine, pfn, world.machine().format().pageBytes(), Rights.KERNEL_READ);
    assert handle != MermapHandle.NONE : pfn;
    mermap.put(mine, handle);
    allocator.free(theirs, pfn, 0);
  }
}
