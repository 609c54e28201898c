package org.pagewright.lab.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.trace.input.RecordedState;

/**
 * The obvious form of Linux 6.1's allocator on one node, as a yardstick: no speed, no options.
 *
 * <p>It was checked against recordings of a real 6.1 kernel before anything else was.
 */
final class ReferenceAllocator implements ReplayAllocator {
  private static final int ORDERS = 11;
  private static final int TYPES = 6;
  private static final int PCP_LISTS = 14;
  private static final int BLOCK_ORDER = 9;
  private static final int BLOCK_PAGES = 1 << BLOCK_ORDER;
  private static final int MOVABLE = 1;
  private static final int HIGHATOMIC = 3;
  private static final int FREE_FACTOR_MAX = 5;
  private static final int NO_LIST = -1;

  private static final int[][] FALLBACKS = {{2, 1}, {2, 0}, {0, 1}};
  private static final int DMA = 1;
  private static final int HIGHMEM = 2;
  private static final int MOVABLE_ZONE = 8;

  private final List<RecordedState.Zone> zones;

  /** Who hears of what this does; set before the first operation. */
  @Nullable Listener listener;

  private final int cpus;
  private final int[] next;
  private final int[] previous;
  private final int[] listOf;
  private final byte[] orderOf;
  private final byte[] pcpType;
  private final byte[] blockType;
  private final int[] head;
  private final int[] tail;
  private final int[][] count;
  private final int[][] freeFactor;
  private final int[] high;
  private final int[] batch;
  private final long[][] marks;
  private final long[][] reserves;
  private final int[] threshold;
  private final long[] counter;
  private final long[] delta;
  private final long[] boost;
  private final long[] boostSeen;
  private final int[] boostable;
  private boolean reclaimActive;
  private boolean selfActing = true;

  ReferenceAllocator(RecordedState state) {
    zones = state.zones();
    cpus = state.cpus();
    long end = 0;
    for (RecordedState.Zone zone : zones) {
      end = Math.max(end, zone.startPfn + zone.spannedPages);
    }
    int frames = (int) end + BLOCK_PAGES;
    next = new int[frames];
    previous = new int[frames];
    listOf = new int[frames];
    Arrays.fill(listOf, NO_LIST);
    orderOf = new byte[frames];
    pcpType = new byte[frames];
    blockType = new byte[(frames >> BLOCK_ORDER) + 1];
    int lists = zones.size() * (ORDERS * TYPES + cpus * PCP_LISTS);
    head = new int[lists];
    tail = new int[lists];
    Arrays.fill(head, NO_LIST);
    Arrays.fill(tail, NO_LIST);
    count = new int[zones.size()][cpus];
    freeFactor = new int[zones.size()][cpus];
    high = new int[zones.size()];
    batch = new int[zones.size()];
    marks = new long[zones.size()][3];
    reserves = new long[zones.size()][5];
    threshold = new int[zones.size()];
    counter = new long[zones.size()];
    delta = new long[zones.size()];
    boost = new long[zones.size()];
    boostSeen = new long[zones.size()];
    boostable = new int[zones.size()];
    for (int zone = 0; zone < zones.size(); zone++) {
      load(zone, zones.get(zone));
    }
  }

  private void load(int zone, RecordedState.Zone from) {
    for (int block = 0; block < from.pageblocks.length; block++) {
      blockType[(int) (from.firstPageblockPfn >> BLOCK_ORDER) + block] = from.pageblocks[block];
    }
    for (int order = 0; order < ORDERS; order++) {
      for (int type = 0; type < TYPES; type++) {
        for (long pfn : from.freeLists[order][type]) {
          link((int) pfn, order, buddyList(zone, order, type), true);
        }
      }
    }
    counter[zone] = from.freePages();
    boostable[zone] = (int) from.managedPages;
    for (int cpu = 0; cpu < cpus; cpu++) {
      RecordedState.Pcp pcp = from.pcps.get(cpu);
      count[zone][cpu] = pcp.count;
      freeFactor[zone][cpu] = pcp.freeFactor;
      high[zone] = pcp.high;
      batch[zone] = pcp.batch;
      for (int index = 0; index < pcp.lists.length; index++) {
        for (long pfn : pcp.lists[index]) {
          pcpType[(int) pfn] = (byte) (index < 12 ? index % 3 : index - 12);
          link((int) pfn, index < 12 ? index / 3 : 9, pcpList(zone, cpu, index), true);
        }
      }
    }
  }

  private Listener hears() {
    return Objects.requireNonNull(listener);
  }

  // Lists.

  private int buddyList(int zone, int order, int type) {
    return (zone * ORDERS + order) * TYPES + type;
  }

  private int pcpList(int zone, int cpu, int index) {
    return zones.size() * ORDERS * TYPES + (zone * cpus + cpu) * PCP_LISTS + index;
  }

  private boolean isBuddyList(int list) {
    return list >= 0 && list < zones.size() * ORDERS * TYPES;
  }

  private void link(int pfn, int order, int list, boolean toTail) {
    assert listOf[pfn] == NO_LIST : pfn;
    listOf[pfn] = list;
    orderOf[pfn] = (byte) order;
    if (head[list] == NO_LIST) {
      head[list] = pfn;
      tail[list] = pfn;
      next[pfn] = NO_LIST;
      previous[pfn] = NO_LIST;
    } else if (toTail) {
      next[tail[list]] = pfn;
      previous[pfn] = tail[list];
      next[pfn] = NO_LIST;
      tail[list] = pfn;
    } else {
      previous[head[list]] = pfn;
      next[pfn] = head[list];
      previous[pfn] = NO_LIST;
      head[list] = pfn;
    }
  }

  private void unlink(int pfn) {
    int list = listOf[pfn];
    if (previous[pfn] == NO_LIST) {
      head[list] = next[pfn];
    } else {
      next[previous[pfn]] = next[pfn];
    }
    if (next[pfn] == NO_LIST) {
      tail[list] = previous[pfn];
    } else {
      previous[next[pfn]] = previous[pfn];
    }
    listOf[pfn] = NO_LIST;
  }

  private boolean isFreeBlock(int zone, long pfn, int order) {
    if (pfn < 0 || zoneOf(pfn) != zone) {
      return false;
    }
    return isBuddyList(listOf[(int) pfn]) && orderOf[(int) pfn] == order;
  }

  private int typeOfBlock(long pfn) {
    return blockType[(int) (pfn >> BLOCK_ORDER)];
  }

  private static int pcpIndex(int order, int type) {
    return order <= 3 ? 3 * order + type : 12 + (type == MOVABLE ? 1 : 0);
  }

  // Taking.

  private int smallest(int zone, int order, int type, int cpu) {
    for (int from = order; from < ORDERS; from++) {
      int pfn = head[buddyList(zone, from, type)];
      if (pfn == NO_LIST) {
        continue;
      }
      unlink(pfn);
      expand(zone, pfn, from, order, type);
      hears().locked(cpu, pfn, order, type);
      return pfn;
    }
    return NO_LIST;
  }

  private void expand(int zone, int pfn, int from, int order, int type) {
    for (int upper = from - 1; upper >= order; upper--) {
      link(pfn + (1 << upper), upper, buddyList(zone, upper, type), false);
    }
  }

  private int rmqueue(int zone, int order, int type, int cpu) {
    int pfn = smallest(zone, order, type, cpu);
    return pfn == NO_LIST && fallBack(zone, order, type, cpu)
        ? smallest(zone, order, type, cpu)
        : pfn;
  }

  private int fallbackType(int zone, int order, int start) {
    for (int type : FALLBACKS[start]) {
      if (head[buddyList(zone, order, type)] != NO_LIST) {
        return type;
      }
    }
    return NO_LIST;
  }

  private static boolean canSteal(int order, int start) {
    return order >= BLOCK_ORDER / 2 || start != MOVABLE;
  }

  private boolean fallBack(int zone, int order, int start, int cpu) {
    int from = ORDERS - 1;
    while (from >= order && fallbackType(zone, from, start) == NO_LIST) {
      from--;
    }
    if (from < order) {
      return false;
    }
    if (!canSteal(from, start) && from > order) {
      from = order;
      while (fallbackType(zone, from, start) == NO_LIST) {
        from++;
      }
    }
    int type = fallbackType(zone, from, start);
    int pfn = head[buddyList(zone, from, type)];
    steal(zone, pfn, from, start);
    hears().fellBack(cpu, pfn, order, from, type, start);
    return true;
  }

  private void steal(int zone, int pfn, int order, int start) {
    if (typeOfBlock(pfn) == HIGHATOMIC) {
      moveTo(zone, pfn, order, start);
      return;
    }
    if (order >= BLOCK_ORDER) {
      for (int at = pfn; at < pfn + (1 << order); at += BLOCK_PAGES) {
        blockType[at >> BLOCK_ORDER] = (byte) start;
      }
      moveTo(zone, pfn, order, start);
      return;
    }
    raiseBoost(zone);
    if (!canSteal(order, start)) {
      moveTo(zone, pfn, order, start);
      return;
    }
    int first = pfn & -BLOCK_PAGES;
    int free = 0;
    for (int at = first; at < first + BLOCK_PAGES; ) {
      if (isBuddyList(listOf[at])) {
        int blockOrder = orderOf[at];
        moveTo(zone, at, blockOrder, start);
        free += 1 << blockOrder;
        at += 1 << blockOrder;
      } else {
        at++;
      }
    }
    if (free >= BLOCK_PAGES / 2) {
      blockType[pfn >> BLOCK_ORDER] = (byte) start;
    }
  }

  private void moveTo(int zone, int pfn, int order, int type) {
    unlink(pfn);
    link(pfn, order, buddyList(zone, order, type), true);
  }

  private void raiseBoost(int zone) {
    if (boostable[zone] < 4 * BLOCK_PAGES || marks[zone][2] == 0) {
      return;
    }
    long max = Math.max(BLOCK_PAGES, marks[zone][2] * 15000 / 10000);
    boost[zone] = Math.min(boost[zone] + BLOCK_PAGES, max);
  }

  private void changeFree(int zone, long pages) {
    delta[zone] += pages;
    if (Math.abs(delta[zone]) > threshold[zone]) {
      counter[zone] += delta[zone];
      delta[zone] = 0;
    }
  }

  private boolean isAbove(int zone, long mark, int order, int gfp, boolean mayDip) {
    boolean isHigh = mayDip && (gfp & 0x20) != 0;
    boolean isAtomic = mayDip && (gfp & 0x400) == 0;
    long need = mark + boost[zone];
    need -= isHigh ? need / 2 : 0;
    need -= isAtomic ? need / 4 : 0;
    if (counter[zone] - ((1L << order) - 1) <= need + reserves[zone][zoneClass(gfp)]) {
      return false;
    }
    for (int from = order; from < ORDERS; from++) {
      for (int type = 0; type < 3; type++) {
        if (order == 0 || head[buddyList(zone, from, type)] != NO_LIST) {
          return true;
        }
      }
    }
    return false;
  }

  private static int zoneClass(int gfp) {
    if ((gfp & DMA) != 0) {
      return 0;
    }
    if ((gfp & 4) != 0) {
      return 1;
    }
    return (gfp & HIGHMEM) != 0 && (gfp & MOVABLE_ZONE) != 0 ? 3 : 2;
  }

  @Override
  public long allocate(int cpu, int gfp, int order, int zone) {
    if (zone != ANY_ZONE) {
      return allocateIn(cpu, gfp, order, zone);
    }
    long pfn = allocateAbove(cpu, gfp, order, /* mark= */ 1);
    return pfn == NONE && selfActing ? allocateAbove(cpu, gfp, order, /* mark= */ 0) : pfn;
  }

  private long allocateAbove(int cpu, int gfp, int order, int mark) {
    for (int z = Math.min(zones.size() - 1, zoneClass(gfp)); z >= 0; z--) {
      if (isAbove(z, marks[z][mark], order, gfp, mark == 0)) {
        long pfn = allocateIn(cpu, gfp, order, z);
        if (pfn != NONE || !selfActing) {
          return pfn;
        }
      }
    }
    return NONE;
  }

  private long allocateIn(int cpu, int gfp, int order, int zone) {
    int type = (gfp >> 3) & 3;
    if (!isPcpOrder(order)) {
      int pfn = rmqueue(zone, order, type, cpu);
      changeFree(zone, pfn == NO_LIST ? 0 : -(1L << order));
      return pfn;
    }
    freeFactor[zone][cpu] >>= 1;
    return takeHead(cpu, order, type, zone);
  }

  private long takeHead(int cpu, int order, int type, int zone) {
    int list = pcpList(zone, cpu, pcpIndex(order, type));
    if (head[list] == NO_LIST && selfActing) {
      refill(cpu, order, type, zone, list);
    }
    int pfn = head[list];
    if (pfn != NO_LIST) {
      unlink(pfn);
      count[zone][cpu] -= 1 << order;
    }
    return pfn;
  }

  private void refill(int cpu, int order, int type, int zone, int list) {
    int blocks = batch[zone] > 1 ? Math.max(batch[zone] >> order, 2) : batch[zone];
    int got = 0;
    for (; got < blocks; got++) {
      int pfn = rmqueue(zone, order, type, cpu);
      if (pfn == NO_LIST) {
        break;
      }
      pcpType[pfn] = (byte) type;
      link(pfn, order, list, true);
    }
    count[zone][cpu] += got << order;
    changeFree(zone, -((long) got << order));
  }

  @Override
  public int allocateBulk(int cpu, int gfp, long[] into) {
    int zone = zones.size() - 1;
    while (zone > 0 && !isAbove(zone, marks[zone][1], 0, gfp, false)) {
      zone--;
    }
    int got = 0;
    while (got < into.length) {
      into[got] = takeHead(cpu, 0, (gfp >> 3) & 3, zone);
      if (into[got] == NONE) {
        break;
      }
      got++;
    }
    return got;
  }

  // Freeing.

  @Override
  public void free(int cpu, long pfn, int order) {
    int zone = zoneOf(pfn);
    int type = typeOfBlock(pfn);
    if (!isPcpOrder(order)) {
      freeOne(zone, (int) pfn, order, type, false);
      return;
    }
    pcpType[(int) pfn] = (byte) type;
    int index = pcpIndex(order, type >= HIGHATOMIC ? MOVABLE : type);
    link((int) pfn, order, pcpList(zone, cpu, index), false);
    count[zone][cpu] += 1 << order;
    if (selfActing) {
      drainIfFull(cpu, zone, order, index);
    }
  }

  private void drainIfFull(int cpu, int zone, int order, int index) {
    boolean isFreeHigh = freeFactor[zone][cpu] > 0 && order > 0 && order <= 3;
    int limit = isFreeHigh ? 0 : high[zone];
    if (reclaimActive) {
      limit = Math.min(batch[zone] << 2, limit);
    }
    if (count[zone][cpu] < limit) {
      return;
    }
    int pages = count[zone][cpu];
    if (!isFreeHigh) {
      int most = limit - batch[zone];
      int scaled = batch[zone] << freeFactor[zone][cpu];
      if (most >= 0 && scaled <= most && freeFactor[zone][cpu] < FREE_FACTOR_MAX) {
        freeFactor[zone][cpu]++;
      }
      pages = most < 0 ? 1 : Math.max(batch[zone], Math.min(scaled, most));
    }
    drain(cpu, zone, pages, index);
  }

  private void drain(int cpu, int zone, int most, int first) {
    int left = Math.min(most, count[zone][cpu]);
    int index = first;
    while (left > 0) {
      int list = pcpList(zone, cpu, index);
      while (left > 0 && tail[list] != NO_LIST) {
        int pfn = tail[list];
        int order = orderOf[pfn];
        unlink(pfn);
        count[zone][cpu] -= 1 << order;
        left -= 1 << order;
        freeOne(zone, pfn, order, pcpType[pfn], false);
        hears().drained(cpu, pfn, order, pcpType[pfn]);
      }
      index = (index + 1) % PCP_LISTS;
    }
  }

  private void freeOne(int zone, int first, int firstOrder, int type, boolean toTail) {
    changeFree(zone, 1L << firstOrder);
    int pfn = first;
    int order = firstOrder;
    while (order < ORDERS - 1) {
      int buddy = pfn ^ (1 << order);
      if (!isFreeBlock(zone, buddy, order)) {
        break;
      }
      int buddyType = typeOfBlock(buddy);
      if (order >= BLOCK_ORDER && buddyType != type && (buddyType >= 3 || type >= 3)) {
        break;
      }
      unlink(buddy);
      pfn &= buddy;
      order++;
    }
    int merged = pfn & ~(1 << order);
    boolean isNextFree = order < 9 && isFreeBlock(zone, merged ^ (1 << (order + 1)), order + 1);
    link(pfn, order, buddyList(zone, order, type), toTail || isNextFree);
  }

  @Override
  public void freeToBuddy(int cpu, long pfn, int order, boolean toTail) {
    freeOne(zoneOf(pfn), (int) pfn, order, typeOfBlock(pfn), toTail);
  }

  @Override
  public void handOver(int cpu, long pfn, int order) {
    if (pfn % BLOCK_PAGES == 0) {
      setBlockType(pfn, MOVABLE);
    }
    boostable[zoneOf(pfn)] += 1 << order;
    freeToBuddy(cpu, pfn, order, true);
  }

  @Override
  public boolean isolateFreePage(long pfn, int order) {
    int zone = zoneOf(pfn);
    if (!isFreeBlock(zone, pfn, order)) {
      return false;
    }
    unlink((int) pfn);
    changeFree(zone, -(1L << order));
    for (long at = pfn; order >= BLOCK_ORDER - 1 && at < pfn + (1L << order); at += BLOCK_PAGES) {
      if (typeOfBlock(at) < 3) {
        setBlockType(at, MOVABLE);
      }
    }
    return true;
  }

  @Override
  public void drainAll() {
    for (int zone = 0; zone < zones.size(); zone++) {
      for (int cpu = 0; cpu < cpus; cpu++) {
        drain(cpu, zone, count[zone][cpu], 0);
      }
    }
  }

  @Override
  public void setPcp(int zone, int newHigh, int newBatch) {
    high[zone] = newHigh;
    batch[zone] = newBatch;
  }

  @Override
  public void setReclaimActive(boolean isActive) {
    reclaimActive = isActive;
    for (int zone = 0; zone < zones.size(); zone++) {
      if (isActive) {
        boostSeen[zone] = boost[zone];
      } else {
        boost[zone] -= Math.min(boost[zone], boostSeen[zone]);
      }
    }
  }

  @Override
  public void setWatermarks(int zone, long min, long low, long h, long[] reserve, int stat) {
    marks[zone] = new long[] {min, low, h};
    reserves[zone] = reserve.clone();
    threshold[zone] = stat;
  }

  // Looking.

  @Override
  public int zones() {
    return zones.size();
  }

  @Override
  public String zoneName(int zone) {
    return zones.get(zone).name;
  }

  @Override
  public int zoneOf(long pfn) {
    for (int zone = 0; zone < zones.size(); zone++) {
      long start = zones.get(zone).startPfn;
      if (pfn >= start && pfn < start + zones.get(zone).spannedPages) {
        return zone;
      }
    }
    return -1;
  }

  @Override
  public int preferredZone(int gfp) {
    return Math.min(zones.size() - 1, zoneClass(gfp));
  }

  @Override
  public long pcpHead(int cpu, int zone, int order, int migratetype) {
    return head[pcpList(zone, cpu, pcpIndex(order, migratetype))];
  }

  @Override
  public int pcpDepth(int cpu, long pfn, int order, int migratetype) {
    int list = pcpList(zoneOf(pfn), cpu, pcpIndex(order, migratetype));
    int depth = 0;
    for (int at = head[list]; at != NO_LIST; at = next[at]) {
      if (at == pfn) {
        return depth;
      }
      depth++;
    }
    return -1;
  }

  @Override
  public boolean isPcpOrder(int order) {
    return order <= 3 || order == 9;
  }

  // Repairs.

  @Override
  public void setSelfActing(boolean refillsAndDrains) {
    selfActing = refillsAndDrains;
  }

  @Override
  public boolean takeFromPcp(long pfn, int order) {
    int list = listOf[(int) pfn];
    if (list == NO_LIST || isBuddyList(list) || orderOf[(int) pfn] != order) {
      return false;
    }
    int pcp = (list - zones.size() * ORDERS * TYPES) / PCP_LISTS;
    count[pcp / cpus][pcp % cpus] -= 1 << order;
    unlink((int) pfn);
    return true;
  }

  @Override
  public boolean takeFromBuddy(long pfn, int order) {
    int zone = zoneOf(pfn);
    for (int from = order; from < ORDERS; from++) {
      int first = (int) pfn & -(1 << from);
      if (!isFreeBlock(zone, first, from)) {
        continue;
      }
      int type = listOf[first] % TYPES;
      unlink(first);
      for (int half = from - 1; half >= order; half--) {
        int upper = first + (1 << half);
        boolean isInUpper = pfn >= upper;
        link(isInUpper ? first : upper, half, buddyList(zone, half, type), false);
        first = isInUpper ? upper : first;
      }
      changeFree(zone, -(1L << order));
      return true;
    }
    return false;
  }

  @Override
  public boolean takeOverlapping(long pfn, int order) {
    return false; // Its traces begin with a complete state.
  }

  @Override
  public long takeSmallest(int cpu, int zone, int order, int migratetype) {
    int pfn = smallest(zone, order, migratetype, cpu);
    changeFree(zone, pfn == NO_LIST ? 0 : -(1L << order));
    return pfn;
  }

  @Override
  public void putOnPcp(int cpu, long pfn, int order, int type, boolean toTail) {
    int zone = zoneOf(pfn);
    pcpType[(int) pfn] = (byte) type;
    link((int) pfn, order, pcpList(zone, cpu, pcpIndex(order, type)), toTail);
    count[zone][cpu] += 1 << order;
  }

  @Override
  public void setBlockType(long pfn, int migratetype) {
    blockType[(int) (pfn >> BLOCK_ORDER)] = (byte) migratetype;
  }

  @Override
  public @Nullable String brokenInvariant() {
    return null;
  }

  /** Differences from {@code end}, none if this is the very same state. */
  List<String> differences(RecordedState end) {
    List<String> differences = new ArrayList<>();
    for (int zone = 0; zone < zones.size(); zone++) {
      RecordedState.Zone expected = end.zones().get(zone);
      for (int at = 0; at < ORDERS * TYPES; at++) {
        long[] list = expected.freeLists[at / TYPES][at % TYPES];
        if (!Arrays.equals(list(buddyList(zone, at / TYPES, at % TYPES)), list)) {
          differences.add(expected.name + " order " + at / TYPES + " type " + at % TYPES);
        }
      }
      for (int at = 0; at < cpus * PCP_LISTS; at++) {
        long[] list = expected.pcps.get(at / PCP_LISTS).lists[at % PCP_LISTS];
        if (!Arrays.equals(list(pcpList(zone, at / PCP_LISTS, at % PCP_LISTS)), list)) {
          differences.add(expected.name + " cpu " + at / PCP_LISTS + " list " + at % PCP_LISTS);
        }
      }
      for (int block = 0; block < expected.pageblocks.length; block++) {
        long pfn = expected.firstPageblockPfn + (long) block * BLOCK_PAGES;
        if (typeOfBlock(pfn) != expected.pageblocks[block]) {
          differences.add(expected.name + " pageblock " + Long.toHexString(pfn));
        }
      }
    }
    return differences;
  }

  private long[] list(int list) {
    LongStream.Builder pfns = LongStream.builder();
    for (int pfn = head[list]; pfn != NO_LIST; pfn = next[pfn]) {
      pfns.add(pfn);
    }
    return pfns.build().toArray();
  }
}
