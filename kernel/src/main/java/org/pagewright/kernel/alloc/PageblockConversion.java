package org.pagewright.kernel.alloc;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Makes a block of the wanted freetype out of one whose flag differs. Models {@code
 * __rmqueue_direct_map()} ("mm: Add __GFP_UNMAPPED", 2026): a block is taken under the zone's lock,
 * the direct map changes outside of it, and what exceeds the request goes to the lists of the new
 * freetype.
 */
public class PageblockConversion {
  private final AllocatorConfig config;
  private final Memmap memmap;
  private final Buddy buddy;
  private final Fallback fallback;
  private BlockConversion directMap = BlockConversion.NONE;
  private long conversions;

  public PageblockConversion(AllocatorParts parts) {
    this.config = parts.config;
    this.memmap = parts.memmap;
    this.buddy = parts.buddy;
    this.fallback = parts.fallback;
  }

  final void setDirectMap(BlockConversion directMap) {
    this.directMap = directMap;
  }

  final BlockConversion directMap() {
    return directMap;
  }

  /** Blocks that were converted. */
  final long conversions() {
    return conversions;
  }

  /** Whether an attempt is one that may wait for other CPUs and take locks. */
  protected boolean mayConvert(int flags) {
    return (flags & (AllocFlags.NOBLOCK | AllocFlags.TRYLOCK)) == 0;
  }

  /**
   * The freetype of the blocks that can be made into {@code freetype}; one without a list means
   * none. As in the series only unmovable requests get blocks back into the direct map.
   */
  protected int source(int freetype) {
    return freetype ^ Freetype.UNMAPPED;
  }

  /** The freetype of the blocks that any mapped request can get back into the direct map. */
  protected static int unmappedSource(int freetype) {
    return Freetype.isUnmapped(freetype)
        ? freetype ^ Freetype.UNMAPPED
        : Freetype.of(Migratetype.UNMOVABLE, /* isUnmapped= */ true);
  }

  /** The freetype with which a block goes back whose direct map could not be changed. */
  protected int putBackType(int taken, int wanted) {
    return taken;
  }

  /** Gives a block back whose direct map could not be changed. */
  protected void putBack(Cpu cpu, Zone zone, long pfn, int order, int freetype) {
    zone.lock().acquire(cpu, cpu.id());
    free(cpu, zone, pfn, order, freetype);
    zone.lock().release(cpu);
  }

  /** Puts a block on the free lists; the zone's lock is held. */
  protected final void free(Cpu cpu, Zone zone, long pfn, int order, int freetype) {
    buddy.free(zone, cpu.id(), pfn, order, freetype, /* toTail= */ false);
  }

  /** A block of {@code order} that was converted, or {@link Memmap#NONE}. */
  final long convert(Cpu cpu, Zone zone, int order, int freetype, int flags) {
    int from = source(freetype);
    boolean isPossible =
        config.unmappedPool()
            && Freetype.index(from) != Freetype.NO_LIST
            && mayConvert(flags)
            && directMap.isPossible();
    if (!isPossible) {
      return Memmap.NONE;
    }
    int size = Math.max(order, config.blockOrder());
    long pfn = take(cpu, zone, size, from, flags);
    if (pfn == Memmap.NONE) {
      return Memmap.NONE;
    }
    int taken = memmap.blockFreetype(pfn);
    int error = directMap.convert(cpu, pfn, size, Freetype.isUnmapped(freetype));
    if (error != 0) {
      putBack(cpu, zone, pfn, size, putBackType(taken, freetype));
      return Memmap.NONE;
    }
    conversions++;
    adopt(cpu, zone, pfn, order, size, freetype);
    return pfn;
  }

  private long take(Cpu cpu, Zone zone, int size, int freetype, int flags) {
    zone.lock().acquire(cpu, cpu.id());
    fallback.begin();
    long pfn = fallback.take(zone, cpu.id(), size, freetype, flags);
    if (pfn != Memmap.NONE) {
      int taken = memmap.blockFreetype(pfn);
      zone.account(cpu.id(), -(1L << size), buddy.takenFreetype(pfn));
      memmap.setUsed(pfn, size, /* isMovable= */ false, Freetype.migratetype(taken));
    }
    zone.lock().release(cpu);
    return pfn;
  }

  /** Gives a converted block its freetype and puts what exceeds the request on its lists. */
  private void adopt(Cpu cpu, Zone zone, long pfn, int order, int size, int freetype) {
    zone.lock().acquire(cpu, cpu.id());
    for (long at = pfn; at < pfn + (1L << size); at += memmap.blockPages()) {
      memmap.setBlockType(at, Freetype.migratetype(freetype));
      memmap.setBlockUnmapped(at, Freetype.isUnmapped(freetype));
    }
    for (int half = order; half < size; half++) {
      free(cpu, zone, pfn + (1L << half), half, freetype);
    }
    zone.lock().release(cpu);
  }
}
