package org.pagewright.lab.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.buddy.EventSink;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.trace.input.RecordedState;

/** The model's own page allocator as a replay drives it, loaded with a recorded state. */
final class KernelAllocator implements ReplayAllocator, EventSink, AutoCloseable {
  /** Recorded kernels have no CMA, so that isolation is the type behind the high-atomic one. */
  private static final int RECORDED_ISOLATE = 4;

  private static final int RECORDED_PCP_LISTS = 14;

  private final PageAllocator allocator;
  private final AllocatorRepairs repairs;
  private final List<Zone> zones;
  private @Nullable Listener listener;

  /** An allocator by {@code rules} in {@code state}. */
  KernelAllocator(RecordedState state, AllocatorRules rules) {
    List<AllocatorConfig.Span> spans = new ArrayList<>();
    List<RecordedState.Zone> loaded = new ArrayList<>();
    for (RecordedState.Zone zone : state.zones()) {
      if (zone.spannedPages > 0) {
        long end = zone.startPfn + zone.spannedPages;
        spans.add(new AllocatorConfig.Span(kind(zone.name), /* node= */ 0, zone.startPfn, end));
        loaded.add(zone);
      }
    }
    AllocatorConfig config =
        new AllocatorConfig(
            rules,
            Math.max(1, state.cpus()),
            spans,
            AllocatorConfig.BLOCK_ORDER,
            AllocatorConfig.SMALLEST_PAGE_SHIFT,
            /* unmappedPool= */ false);
    allocator = new PageAllocator(config);
    repairs = new AllocatorRepairs(allocator);
    zones = allocator.zones();
    for (int zone = 0; zone < loaded.size(); zone++) {
      load(zone, loaded.get(zone));
    }
    allocator.setSink(this);
  }

  private static ZoneKind kind(String name) {
    for (ZoneKind kind : ZoneKind.values()) {
      if (kind.label().equals(name)) {
        return kind;
      }
    }
    throw new BadInput("zone " + name, "no such zone on x86-64", "DMA, DMA32, Normal or Movable");
  }

  private static int type(int recorded) {
    return recorded == RECORDED_ISOLATE ? Migratetype.ISOLATE : recorded;
  }

  private static int recorded(int type) {
    return type == Migratetype.ISOLATE ? RECORDED_ISOLATE : type;
  }

  private void load(int zone, RecordedState.Zone from) {
    for (int block = 0; block < from.pageblocks.length; block++) {
      long pfn = from.firstPageblockPfn + (long) block * RecordedState.PAGEBLOCK_PAGES;
      repairs.setBlockType(pfn, type(from.pageblocks[block]));
    }
    for (int order = 0; order < RecordedState.ORDERS; order++) {
      for (int type = 0; type < RecordedState.MIGRATETYPES; type++) {
        for (long pfn : from.freeLists[order][type]) {
          repairs.placeFree(zone, pfn, order, type(type));
        }
      }
    }
    repairs.setManaged(zone, from.managedPages, from.presentPages);
    repairs.setWatermarks(
        zone,
        from.watermarks[0],
        from.watermarks[1],
        from.watermarks[2],
        from.lowmemReserve,
        /* threshold= */ 0);
    repairs.setBoost(zone, from.watermarkBoost);
    for (int cpu = 0; cpu < from.pcps.size(); cpu++) {
      RecordedState.Pcp pcp = from.pcps.get(cpu);
      repairs.setPcp(cpu, zone, pcp.high, pcp.batch, pcp.freeFactor);
      for (int list = 0; list < pcp.lists.length; list++) {
        for (long pfn : pcp.lists[list]) {
          repairs.placePcp(cpu, zone, list, pfn);
        }
      }
    }
  }

  /** The allocator itself. */
  PageAllocator allocator() {
    return allocator;
  }

  void setListener(Listener listener) {
    this.listener = listener;
  }

  @Override
  public void close() {
    allocator.close();
  }

  // What it tells.

  @Override
  public void locked(int cpu, long pfn, int order, int migratetype) {
    if (listener != null) {
      listener.locked(cpu, pfn, order, migratetype);
    }
  }

  @Override
  public void drained(int cpu, long pfn, int order, int migratetype) {
    if (listener != null) {
      listener.drained(cpu, pfn, order, migratetype);
    }
  }

  @Override
  public void fellBack(int cpu, long pfn, int order, int fallbackOrder, int from, int to) {
    if (listener != null) {
      listener.fellBack(cpu, pfn, order, fallbackOrder, from, to);
    }
  }

  // The kernel's operations.

  @Override
  public long allocate(int cpu, int gfp, int order, int zone) {
    return allocator.allocate(cpu, gfp, order, zone);
  }

  @Override
  public int allocateBulk(int cpu, int gfp, long[] into) {
    return repairs.allocateBulk(cpu, gfp, into);
  }

  @Override
  public void free(int cpu, long pfn, int order) {
    allocator.free(cpu, pfn, order);
  }

  @Override
  public void freeToBuddy(int cpu, long pfn, int order, boolean toTail) {
    allocator.freeToBuddy(cpu, pfn, order, toTail);
  }

  @Override
  public void handOver(int cpu, long pfn, int order) {
    // Late initialisation stores the type with the first page of a pageblock, and only with that.
    if (pfn % RecordedState.PAGEBLOCK_PAGES == 0) {
      repairs.setBlockType(pfn, Migratetype.MOVABLE);
    }
    allocator.handOverBlock(cpu, pfn, order);
  }

  @Override
  public boolean isolateFreePage(long pfn, int order) {
    return repairs.isolateFreePage(pfn, order);
  }

  @Override
  public void drainAll() {
    allocator.drainAll();
  }

  @Override
  public void setPcp(int zone, int high, int batch) {
    repairs.setPcp(zone, high, batch);
  }

  @Override
  public void setReclaimActive(boolean isActive) {
    repairs.setReclaimActive(isActive);
  }

  @Override
  public void setWatermarks(
      int zone, long min, long low, long high, long[] reserve, int threshold) {
    repairs.setWatermarks(zone, min, low, high, reserve, threshold);
  }

  // Looking.

  @Override
  public int zones() {
    return zones.size();
  }

  @Override
  public String zoneName(int zone) {
    return zones.get(zone).kind().label();
  }

  @Override
  public int zoneOf(long pfn) {
    return repairs.zoneOf(pfn);
  }

  @Override
  public int preferredZone(int gfp) {
    return repairs.preferredZone(gfp);
  }

  @Override
  public long pcpHead(int cpu, int zone, int order, int migratetype) {
    return repairs.pcpHead(cpu, zone, order, migratetype);
  }

  @Override
  public int pcpDepth(int cpu, long pfn, int order, int migratetype) {
    return repairs.pcpDepth(cpu, pfn, order, migratetype);
  }

  @Override
  public boolean isPcpOrder(int order) {
    return repairs.isPcpOrder(order);
  }

  // Repairs.

  @Override
  public void setSelfActing(boolean refillsAndDrains) {
    repairs.setSelfActing(refillsAndDrains);
  }

  @Override
  public boolean takeFromPcp(long pfn, int order) {
    return repairs.takeFromPcp(pfn, order);
  }

  @Override
  public boolean takeFromBuddy(long pfn, int order) {
    return repairs.takeFromBuddy(pfn, order);
  }

  @Override
  public boolean takeOverlapping(long pfn, int order) {
    return repairs.takeOverlapping(pfn, order);
  }

  @Override
  public long takeSmallest(int cpu, int zone, int order, int migratetype) {
    return repairs.takeSmallest(cpu, zone, order, migratetype);
  }

  @Override
  public void putOnPcp(int cpu, long pfn, int order, int migratetype, boolean toTail) {
    repairs.putOnPcp(cpu, pfn, order, migratetype, toTail);
  }

  @Override
  public void setBlockType(long pfn, int migratetype) {
    repairs.retypeBlock(pfn, migratetype);
  }

  @Override
  public @Nullable String brokenInvariant() {
    return repairs.brokenInvariant();
  }

  /** Where this differs from {@code end}: free lists, per-CPU lists and pageblocks by name. */
  List<String> differences(RecordedState end) {
    List<String> differences = new ArrayList<>();
    for (RecordedState.Zone expected : end.zones()) {
      int zone = 0;
      while (zone < zones() && !zoneName(zone).equals(expected.name)) {
        zone++;
      }
      if (zone < zones()) {
        compareLists(zone, expected, differences);
        comparePcps(zone, expected, differences);
        compareBlocks(expected, differences);
      }
    }
    return differences;
  }

  private void compareLists(int zone, RecordedState.Zone expected, List<String> differences) {
    for (int at = 0; at < RecordedState.ORDERS * RECORDED_ISOLATE; at++) {
      int order = at / RECORDED_ISOLATE;
      int type = at % RECORDED_ISOLATE;
      long[] ours = repairs.freeList(zone, order, type);
      String name = expected.name + ", order " + order + ", " + Migratetype.name(type);
      describe(name, ours, expected.freeLists[order][type], differences);
    }
  }

  private void comparePcps(int zone, RecordedState.Zone expected, List<String> differences) {
    for (int cpu = 0; cpu < expected.pcps.size(); cpu++) {
      long[][] lists = expected.pcps.get(cpu).lists;
      for (int list = 0; list < Math.min(lists.length, RECORDED_PCP_LISTS); list++) {
        String name = expected.name + ", CPU " + cpu + ", per-CPU list " + list;
        describe(name, repairs.pcpList(cpu, zone, list), lists[list], differences);
      }
    }
  }

  private static void describe(
      String name, long[] ours, long[] recorded, List<String> differences) {
    int at = Arrays.mismatch(ours, recorded);
    if (at >= 0) {
      differences.add(
          "%s: place %d, recorded %s of %d, ours %s of %d"
              .formatted(
                  name,
                  at,
                  PartingTable.frame(at < recorded.length ? recorded[at] : -1),
                  recorded.length,
                  PartingTable.frame(at < ours.length ? ours[at] : -1),
                  ours.length));
    }
  }

  private void compareBlocks(RecordedState.Zone expected, List<String> differences) {
    for (int block = 0; block < expected.pageblocks.length; block++) {
      long pfn = expected.firstPageblockPfn + (long) block * RecordedState.PAGEBLOCK_PAGES;
      int type = recorded(repairs.blockType(pfn));
      if (type != expected.pageblocks[block]) {
        differences.add(
            "%s, pageblock %s: recorded type %d, ours %d"
                .formatted(
                    expected.name, PartingTable.frame(pfn), expected.pageblocks[block], type));
      }
    }
  }

  /** Free blocks of a zone by order. */
  long[] freeBlocks(int zone) {
    long[] blocks = new long[RecordedState.ORDERS];
    for (int order = 0; order < blocks.length; order++) {
      for (int type = 0; type < Migratetype.TYPES; type++) {
        blocks[order] += repairs.freeList(zone, order, type).length;
      }
    }
    return blocks;
  }

  /** Free blocks of a zone and type by order. */
  long[] freeBlocks(int zone, int type) {
    long[] blocks = new long[RecordedState.ORDERS];
    for (int order = 0; order < blocks.length; order++) {
      blocks[order] = repairs.freeList(zone, order, type).length;
    }
    return blocks;
  }
}
