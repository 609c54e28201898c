package org.pagewright.lab.trace;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.trace.input.ProcSnapshot;
import org.pagewright.lab.trace.input.RecordedState;

/**
 * A start state made up from what {@code /proc} tells: as many free blocks of every order and type,
 * at places of our choice.
 *
 * <p>Pageblocks of a type lie together, unmovable ones lowest. A free block is put into the lower
 * half of a place of twice its size, so that no two free blocks could merge.
 */
final class PlausibleState {
  private static final int ORDERS = RecordedState.ORDERS;
  private static final int PAGEBLOCK_ORDER = 9;
  private static final String[] TYPES = {"Unmovable", "Movable", "Reclaimable", "HighAtomic"};

  /** Types in the order of their pageblocks. */
  private static final int[] LAYOUT = {0, 2, 3, 1};

  /** Frames of the zones of an x86-64 machine about which nothing is known: one tebibyte. */
  private static final long UNKNOWN_END_PFN = 1L << 28;

  private static final long DMA_END_PFN = 1L << 12;
  private static final long DMA32_END_PFN = 1L << 20;

  private PlausibleState() {}

  /** Zones of x86-64 with nothing on their lists. */
  static RecordedState empty(int cpus) {
    return new RecordedState(
        List.of(
            zone("DMA", 1, DMA_END_PFN, cpus),
            zone("DMA32", DMA_END_PFN, DMA32_END_PFN, cpus),
            zone("Normal", DMA32_END_PFN, UNKNOWN_END_PFN, cpus)));
  }

  private static RecordedState.Zone zone(String name, long from, long to, int cpus) {
    return new RecordedState.Zone(name, from, to - from, to - from, cpus);
  }

  /** The zones of {@code snapshot} with nothing on their lists, or null if it lacks zoneinfo. */
  static @Nullable RecordedState empty(ProcSnapshot snapshot, int cpus) {
    return of(snapshot, cpus, /* withBlocks= */ false);
  }

  /** The state that {@code snapshot} tells of, or null if it lacks zoneinfo. */
  static @Nullable RecordedState filled(ProcSnapshot snapshot, int cpus) {
    return of(snapshot, cpus, /* withBlocks= */ true);
  }

  private static @Nullable RecordedState of(ProcSnapshot snapshot, int cpus, boolean withBlocks) {
    List<RecordedState.Zone> zones = new ArrayList<>();
    for (ProcSnapshot.Zone from : snapshot.zones()) {
      long spanned = from.value("spanned");
      long start = from.value("start_pfn");
      if (from.node == 0 && spanned > 0 && start >= 0) {
        RecordedState.Zone zone =
            new RecordedState.Zone(from.name, start, spanned, from.value("managed"), cpus);
        if (withBlocks) {
          fill(zone, from.freeBlocksByType, from.pageblocksByType);
        }
        zones.add(zone);
      }
    }
    return zones.isEmpty() ? null : new RecordedState(zones);
  }

  private static void fill(
      RecordedState.Zone zone, Map<String, long[]> freeBlocks, Map<String, Long> pageblocks) {
    long at = (zone.startPfn + RecordedState.PAGEBLOCK_PAGES - 1) & -RecordedState.PAGEBLOCK_PAGES;
    long end = (zone.startPfn + zone.spannedPages) & -RecordedState.PAGEBLOCK_PAGES;
    for (int type : LAYOUT) {
      long count = pageblocks.getOrDefault(TYPES[type], 0L);
      long to = type == 1 ? end : Math.min(end, at + count * RecordedState.PAGEBLOCK_PAGES);
      for (long pfn = at; pfn < to; pfn += RecordedState.PAGEBLOCK_PAGES) {
        zone.pageblocks[(int) ((pfn - zone.firstPageblockPfn) >> PAGEBLOCK_ORDER)] = (byte) type;
      }
      long[] wanted = freeBlocks.get(TYPES[type]);
      if (wanted != null) {
        Places places = new Places(at, to);
        for (int order = ORDERS - 1; order >= 0; order--) {
          zone.freeLists[order][type] = places.take(order, Math.max(0, wanted[order]));
        }
      }
      at = to;
    }
  }

  /** Room for free blocks, as aligned pieces by order. */
  private static final class Places {
    /** One more order than blocks have: a place is twice as large as its block. */
    private final List<Deque<Long>> pieces = new ArrayList<>();

    Places(long from, long to) {
      for (int order = 0; order <= ORDERS; order++) {
        pieces.add(new ArrayDeque<>());
      }
      long at = from;
      while (at < to) {
        int order = Math.min(ORDERS - 1, Long.numberOfTrailingZeros(at));
        while (at + (1L << order) > to) {
          order--;
        }
        pieces.get(order).add(at);
        at += 1L << order;
      }
    }

    /** Up to {@code count} blocks, as many as there is room for. */
    long[] take(int order, long count) {
      long[] taken = new long[(int) count];
      int got = 0;
      while (got < count) {
        Long place = place(order == ORDERS - 1 ? order : order + 1);
        if (place == null) {
          break;
        }
        if (order < ORDERS - 1) {
          pieces.get(order).addLast(place + (1L << order));
        }
        taken[got++] = place;
      }
      return Arrays.copyOf(taken, got);
    }

    private @Nullable Long place(int order) {
      int from = order;
      while (from <= ORDERS && pieces.get(from).isEmpty()) {
        from++;
      }
      if (from > ORDERS) {
        return null;
      }
      Long place = pieces.get(from).pollFirst();
      while (place != null && from > order) {
        from--;
        pieces.get(from).addFirst(place + (1L << from));
      }
      return place;
    }
  }
}
