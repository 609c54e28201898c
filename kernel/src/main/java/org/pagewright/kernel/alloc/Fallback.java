package org.pagewright.kernel.alloc;

import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Serves a request whose own lists are empty from another type's. Models {@code __rmqueue()} and
 * its fallbacks in three generations: stealing with lists that may disagree with blocks (6.1),
 * stealing with lists that agree (6.12), claiming then stealing (6.15 on).
 */
final class Fallback {
  private static final int NORMAL = 0;
  private static final int CMA = 1;
  private static final int CLAIM = 2;
  private static final int STEAL = 3;

  private static final long BOOST_FACTOR = 15000;
  private static final long BOOST_ZONE_PAGES_MIN = 2048;

  private final Buddy buddy;
  private final Memmap memmap;
  private final AllocatorRules rules;

  /** Which search succeeded last inside one refill. */
  private int mode;

  Fallback(Buddy buddy, Memmap memmap, AllocatorRules rules) {
    this.buddy = buddy;
    this.memmap = memmap;
    this.rules = rules;
  }

  /** Forgets which search succeeded last; to be called when the zone's lock is taken. */
  void begin() {
    mode = NORMAL;
  }

  /** Takes a block of {@code order}; {@link Memmap#NONE} when no list can supply one. */
  long take(Zone zone, int cpu, int order, int freetype, int flags) {
    boolean mayUseCma = (flags & AllocFlags.CMA) != 0 && !Freetype.isUnmapped(freetype);
    if (mayUseCma && zone.freeCma() > zone.freePages().visible() / 2) {
      long pfn = buddy.takeSmallest(zone, cpu, order, Migratetype.CMA);
      if (pfn != Memmap.NONE) {
        return pfn;
      }
    }
    if (rules.claimsThenSteals()) {
      return takeByModes(zone, cpu, order, freetype, flags, mayUseCma);
    }
    long pfn = buddy.takeSmallest(zone, cpu, order, freetype);
    if (pfn == Memmap.NONE && mayUseCma) {
      pfn = buddy.takeSmallest(zone, cpu, order, Migratetype.CMA);
    }
    return pfn == Memmap.NONE ? takeByStealing(zone, cpu, order, freetype, flags) : pfn;
  }

  // ---- 6.15 and later

  private long takeByModes(
      Zone zone, int cpu, int order, int freetype, int flags, boolean mayUseCma) {
    if (mode == NORMAL) {
      long pfn = buddy.takeSmallest(zone, cpu, order, freetype);
      if (pfn != Memmap.NONE) {
        return pfn;
      }
    }
    if (mode <= CMA && mayUseCma) {
      long pfn = buddy.takeSmallest(zone, cpu, order, Migratetype.CMA);
      if (pfn != Memmap.NONE) {
        mode = CMA;
        return pfn;
      }
    }
    if (mode <= CLAIM) {
      long pfn = claim(zone, cpu, order, freetype, flags);
      if (pfn != Memmap.NONE) {
        mode = NORMAL;
        return pfn;
      }
    }
    if ((flags & AllocFlags.NOFRAGMENT) != 0) {
      return Memmap.NONE;
    }
    long pfn = steal(zone, cpu, order, freetype);
    if (pfn != Memmap.NONE) {
      mode = STEAL;
    }
    return pfn;
  }

  private long claim(Zone zone, int cpu, int order, int freetype, int flags) {
    int type = Freetype.migratetype(freetype);
    for (int size = Zone.MAX_ORDER; size >= orderMin(order, flags); size--) {
      if (!isWorthClaiming(size, type)) {
        return Memmap.NONE;
      }
      int old = firstFallback(zone, size, freetype);
      if (old != Freetype.NO_LIST) {
        long head = zone.head(size, Freetype.index(old));
        long pfn = claimBlock(zone, cpu, head, order, size, freetype, flags);
        if (pfn != Memmap.NONE) {
          buddy.sink().fellBack(cpu, pfn, order, size, type, Freetype.migratetype(old));
          return pfn;
        }
      }
    }
    return Memmap.NONE;
  }

  /** Takes over the pageblock around a free block if that pays; models try_to_claim_block(). */
  private long claimBlock(
      Zone zone, int cpu, long head, int order, int size, int freetype, int flags) {
    int type = Freetype.migratetype(freetype);
    if (size >= memmap.blockOrder()) {
      takeOver(zone, head, order, size, freetype);
      return head;
    }
    boost(zone, flags);
    long start = memmap.blockStart(head);
    if (!buddy.hasWholeBlock(zone, start) || !hasEnough(zone, start, type)) {
      return Memmap.NONE;
    }
    buddy.moveBlock(zone, start, type);
    memmap.setBlockType(start, type);
    return buddy.takeSmallest(zone, cpu, order, freetype);
  }

  private void takeOver(Zone zone, long pfn, int order, int size, int freetype) {
    zone.remove(pfn, size);
    memmap.setBlockTypes(pfn, size, Freetype.migratetype(freetype));
    buddy.expand(zone, pfn, order, size, freetype);
  }

  private long steal(Zone zone, int cpu, int order, int freetype) {
    for (int size = order; size <= Zone.MAX_ORDER; size++) {
      int old = firstFallback(zone, size, freetype);
      if (old != Freetype.NO_LIST) {
        long pfn = zone.head(size, Freetype.index(old));
        buddy.takeAndExpand(zone, pfn, order, size, old);
        int type = Freetype.migratetype(freetype);
        buddy.sink().fellBack(cpu, pfn, order, size, type, Freetype.migratetype(old));
        return pfn;
      }
    }
    return Memmap.NONE;
  }

  // ---- before 6.15

  private long takeByStealing(Zone zone, int cpu, int order, int freetype, int flags) {
    int type = Freetype.migratetype(freetype);
    int size = Zone.MAX_ORDER;
    int min = orderMin(order, flags);
    while (size >= min && firstFallback(zone, size, freetype) == Freetype.NO_LIST) {
      size--;
    }
    if (size < min) {
      return Memmap.NONE;
    }
    if (!isWorthClaiming(size, type) && type == Migratetype.MOVABLE && size > order) {
      size = order;
      while (firstFallback(zone, size, freetype) == Freetype.NO_LIST) {
        size++;
      }
    }
    int old = firstFallback(zone, size, freetype);
    long head = zone.head(size, Freetype.index(old));
    long pfn =
        rules.listsFollowBlocks()
            ? stealTidily(zone, cpu, head, order, size, freetype, flags)
            : stealLoosely(zone, cpu, head, order, size, freetype, flags);
    buddy.sink().fellBack(cpu, head, order, size, type, Freetype.migratetype(old));
    return pfn;
  }

  /** 6.12: every free page stays on the list of its block. */
  private long stealTidily(
      Zone zone, int cpu, long head, int order, int size, int freetype, int flags) {
    int type = Freetype.migratetype(freetype);
    if (size >= memmap.blockOrder()) {
      takeOver(zone, head, order, size, freetype);
      return head;
    }
    boost(zone, flags);
    long start = memmap.blockStart(head);
    if (isWorthClaiming(size, type)
        && buddy.hasWholeBlock(zone, start)
        && hasEnough(zone, start, type)) {
      buddy.moveBlock(zone, start, type);
      memmap.setBlockType(start, type);
      return buddy.takeSmallest(zone, cpu, order, freetype);
    }
    buddy.takeAndExpand(zone, head, order, size, memmap.blockFreetype(head));
    return head;
  }

  /** 6.1: the block's free pages change lists first; the block's type follows if that pays. */
  private long stealLoosely(
      Zone zone, int cpu, long head, int order, int size, int freetype, int flags) {
    int type = Freetype.migratetype(freetype);
    boolean movesBlock = false;
    if (memmap.blockType(head) != Migratetype.HIGHATOMIC) {
      if (size >= memmap.blockOrder()) {
        memmap.setBlockTypes(head, size, type);
      } else {
        boost(zone, flags);
        movesBlock = isWorthClaiming(size, type) && zone.spans(blockEnd(head) - 1);
      }
    }
    if (movesBlock) {
      long start = memmap.blockStart(head);
      boolean pays = hasEnough(zone, start, type);
      buddy.moveBlock(zone, start, type);
      if (pays) {
        memmap.setBlockType(start, type);
      }
    } else {
      buddy.moveToTail(zone, head, size, freetype);
    }
    return buddy.takeSmallest(zone, cpu, order, freetype);
  }

  private long blockEnd(long pfn) {
    return memmap.blockStart(pfn) + memmap.blockPages();
  }

  // ---- shared

  private int orderMin(int order, int flags) {
    boolean wholeBlocks = order < memmap.blockOrder() && (flags & AllocFlags.NOFRAGMENT) != 0;
    return wholeBlocks ? memmap.blockOrder() : order;
  }

  private boolean isWorthClaiming(int size, int type) {
    return size >= memmap.blockOrder() / 2
        || type == Migratetype.RECLAIMABLE
        || type == Migratetype.UNMOVABLE;
  }

  /** The first fallback freetype with a free block of that size, flags unchanged. */
  private static int firstFallback(Zone zone, int size, int freetype) {
    if (zone.freeBlocks()[size] == 0) {
      return Freetype.NO_LIST;
    }
    int type = Freetype.migratetype(freetype);
    for (int i = 0; i < Migratetype.fallbacks(type); i++) {
      int other = Freetype.withMigratetype(freetype, Migratetype.fallback(type, i));
      int index = Freetype.index(other);
      if (index != Freetype.NO_LIST && zone.head(size, index) != Memmap.NONE) {
        return other;
      }
    }
    return Freetype.NO_LIST;
  }

  /** Whether half of a pageblock is free or already of a kind with {@code type}. */
  private boolean hasEnough(Zone zone, long blockStart, int type) {
    long counts = buddy.countBlock(zone, blockStart);
    long free = counts & 0xffff_ffffL;
    long movable = counts >>> 32;
    long alike = 0;
    if (type == Migratetype.MOVABLE) {
      alike = movable;
    } else if (memmap.blockType(blockStart) == Migratetype.MOVABLE) {
      alike = memmap.blockPages() - free - movable;
    }
    return free > 0 && free + alike >= memmap.blockPages() / 2;
  }

  /** Raises the watermarks for a while. Models {@code boost_watermark()}. */
  private void boost(Zone zone, int flags) {
    long high = zone.marks()[AllocFlags.WMARK_HIGH];
    if (zone.managedPages() < BOOST_ZONE_PAGES_MIN || high == 0) {
      return;
    }
    long max = Math.max(memmap.blockPages(), high * BOOST_FACTOR / 10000);
    zone.setBoost(Math.min(zone.boost() + memmap.blockPages(), max));
    if ((flags & AllocFlags.KSWAPD) != 0) {
      zone.setBoosted(true);
    }
  }
}
