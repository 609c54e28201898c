package org.pagewright.kernel.alloc;

import java.util.List;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Pageblocks that only high-order atomic requests may use. Models {@code
 * reserve_highatomic_pageblock()} and its undoing (mm/page_alloc.c).
 */
public class Highatomic {
  private final Buddy buddy;
  private final Memmap memmap;

  public Highatomic(AllocatorParts parts) {
    this.buddy = parts.buddy;
    this.memmap = parts.memmap;
  }

  /**
   * Whether requests for a freetype may use the reserve, and their pageblocks may join it. Nothing
   * is reserved of unmapped pages: there is no list for them.
   */
  protected boolean serves(int freetype) {
    return !Freetype.isUnmapped(freetype);
  }

  /** The freetype of reserved pages of a kind with {@code freetype}. */
  final int reservedType(int freetype) {
    return Freetype.withMigratetype(freetype, Migratetype.HIGHATOMIC);
  }

  /** Reserves the pageblock of a frame if the reserve may still grow. */
  final void reserve(Zone zone, long pfn) {
    long onePercent = zone.managedPages() / 100;
    if (onePercent < memmap.blockPages()) {
      return;
    }
    long max = (onePercent + memmap.blockPages() - 1) & -memmap.blockPages();
    int freetype = memmap.blockFreetype(pfn);
    boolean canReserve =
        serves(freetype) && Migratetype.isMergeable(Freetype.migratetype(freetype));
    if (zone.reservedHighatomic() >= max || !canReserve) {
      return;
    }
    long moved = buddy.moveBlock(zone, memmap.blockStart(pfn), Migratetype.HIGHATOMIC);
    memmap.setBlockType(pfn, Migratetype.HIGHATOMIC);
    zone.addFreeHighatomic(moved);
    zone.setReservedHighatomic(zone.reservedHighatomic() + memmap.blockPages());
  }

  /** Gives one reserved pageblock with a free page back, to {@code type}. */
  final boolean unreserve(List<Zone> zones, int type) {
    for (Zone zone : zones) {
      for (int order = 0; order < Zone.ORDERS; order++) {
        long pfn = zone.head(order, Migratetype.HIGHATOMIC);
        if (pfn != Memmap.NONE && zone.reservedHighatomic() > memmap.blockPages()) {
          unreserveBlock(zone, memmap.blockStart(pfn), type);
          return true;
        }
      }
    }
    return false;
  }

  /** Gives every reserved pageblock back, also the last one. */
  final void unreserveAll(List<Zone> zones, int type) {
    for (Zone zone : zones) {
      for (int order = 0; order < Zone.ORDERS; order++) {
        long pfn = zone.head(order, Migratetype.HIGHATOMIC);
        while (pfn != Memmap.NONE) {
          unreserveBlock(zone, memmap.blockStart(pfn), type);
          pfn = zone.head(order, Migratetype.HIGHATOMIC);
        }
      }
    }
  }

  private void unreserveBlock(Zone zone, long blockStart, int type) {
    long moved = buddy.moveBlock(zone, blockStart, type);
    memmap.setBlockType(blockStart, type);
    zone.addFreeHighatomic(-moved);
    zone.setReservedHighatomic(Math.max(0, zone.reservedHighatomic() - memmap.blockPages()));
  }
}
