package org.pagewright.kernel.compact;

import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Takes free blocks out of the lists for a while. Models {@code __isolate_free_page()} and {@code
 * __putback_isolated_page()} (mm/page_alloc.c), with which page reporting and compaction work.
 */
public class FreePageIsolation {
  private final Buddy buddy;
  private final Memmap memmap;

  public FreePageIsolation(Buddy buddy) {
    this.buddy = buddy;
    this.memmap = buddy.memmap();
  }

  /**
   * Whether the pageblocks of a block that is taken out become movable. Never those of unmapped
   * pages, for there is no list of movable unmapped ones.
   */
  protected boolean mayRetype(int freetype) {
    return Migratetype.isMergeable(Freetype.migratetype(freetype))
        && !Freetype.isUnmapped(freetype);
  }

  /** Takes a free block out; the zone's lock is held. */
  public final void take(Zone zone, int cpu, long pfn, int order) {
    zone.account(cpu, -(1L << order), zone.remove(pfn, order));
    memmap.setUsed(pfn, order, /* isMovable= */ false, memmap.blockType(pfn));
    retype(pfn, order);
  }

  /** Makes the pageblocks of a block that was taken out movable where they may be. */
  public final void retype(long pfn, int order) {
    if (order < memmap.blockOrder() - 1) {
      return;
    }
    for (long at = memmap.blockStart(pfn); at < pfn + (1L << order); at += memmap.blockPages()) {
      if (mayRetype(memmap.blockFreetype(at))) {
        memmap.setBlockType(at, Migratetype.MOVABLE);
      }
    }
  }

  /** Gives a block back to the lists of what its pageblock is by then; the zone's lock is held. */
  public final void putBack(Zone zone, int cpu, long pfn, int order) {
    buddy.free(zone, cpu, pfn, order, memmap.blockFreetype(pfn), /* toTail= */ true);
  }
}
