package org.pagewright.kernel.compact;

import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Keeps the free pages of a pageblock from being handed out. Models {@code
 * set_migratetype_isolate()} and {@code unset_migratetype_isolate()} (mm/page_isolation.c).
 */
public final class BlockIsolation {
  private final Buddy buddy;
  private final Memmap memmap;

  public BlockIsolation(Buddy buddy) {
    this.buddy = buddy;
    this.memmap = buddy.memmap();
  }

  /**
   * Isolates a frame's pageblock; pages freed into it stay there, those on per-CPU lists come when
   * they are drained. False if the block is isolated already, of a kind that cannot be, or part of
   * a larger block in use.
   */
  public boolean isolate(Zone zone, int cpu, long pfn) {
    int freetype = memmap.blockFreetype(pfn);
    int type = Freetype.migratetype(freetype);
    boolean isIsolable = Migratetype.isMergeable(type) || type == Migratetype.CMA;
    if (!isIsolable || Freetype.isUnmapped(freetype) || memmap.isPartOfUsed(pfn)) {
      return false;
    }
    zone.lock().hold(cpu);
    memmap.setBlockIsolated(pfn, /* isIsolated= */ true, type);
    buddy.moveAndCount(zone, cpu, memmap.blockStart(pfn), Migratetype.ISOLATE);
    zone.addIsolatedBlocks(1);
    zone.lock().drop();
    return true;
  }

  /**
   * Ends the isolation of a frame's pageblock; false if it is not isolated.
   *
   * @param migratetype what the block becomes in versions that forget its type meanwhile
   */
  public boolean undo(Zone zone, int cpu, long pfn, int migratetype) {
    if (!memmap.isBlockIsolated(pfn)) {
      return false;
    }
    long start = memmap.blockStart(pfn);
    zone.lock().hold(cpu);
    memmap.setBlockIsolated(pfn, /* isIsolated= */ false, migratetype);
    zone.addIsolatedBlocks(-1);
    int freetype = memmap.blockFreetype(pfn);
    buddy.moveAndCount(zone, cpu, start, freetype);
    if (memmap.isFreeOfOrder(start, memmap.blockOrder())) {
      // Freed again, so that it merges with what became free around it meanwhile.
      zone.account(cpu, -memmap.blockPages(), zone.remove(start, memmap.blockOrder()));
      buddy.free(zone, cpu, start, memmap.blockOrder(), freetype, /* toTail= */ false);
    }
    zone.lock().drop();
    return true;
  }
}
