package org.pagewright.kernel.alloc;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/** An allocator's state in the kernel's own formats (mm/vmstat.c). */
public final class AllocatorText {
  private static final int PRINTED_TYPES = Migratetype.TYPES;

  private AllocatorText() {}

  /** Models /proc/buddyinfo. */
  public static String buddyinfo(PageAllocator allocator) {
    StringBuilder text = new StringBuilder();
    for (Zone zone : allocator.zones) {
      text.append("Node %d, zone %8s ".formatted(zone.node(), zone.kind().label()));
      for (long blocks : zone.freeBlocks()) {
        text.append("%6d ".formatted(blocks));
      }
      text.append('\n');
    }
    return text.toString();
  }

  /** Models /proc/pagetypeinfo; {@code withCma} says whether CMA is built in. */
  public static String pagetypeinfo(PageAllocator allocator, boolean withCma) {
    StringBuilder text = new StringBuilder();
    int blockOrder = allocator.config.blockOrder();
    text.append(
        "Page block order: %d\nPages per block:  %d\n\n".formatted(blockOrder, 1 << blockOrder));
    text.append("%-43s ".formatted("Free pages count per migrate type at order"));
    for (int order = 0; order < Zone.ORDERS; order++) {
      text.append("%6d ".formatted(order));
    }
    text.append('\n');
    for (Zone zone : allocator.zones) {
      appendFree(text, zone, withCma);
    }
    text.append("\n%-23s".formatted("Number of blocks type "));
    for (int type = 0; type < PRINTED_TYPES; type++) {
      if (isPrinted(type, withCma)) {
        text.append("%12s ".formatted(Migratetype.name(type)));
      }
    }
    text.append('\n');
    for (Zone zone : allocator.zones) {
      appendBlocks(text, zone, withCma);
    }
    return text.toString();
  }

  private static boolean isPrinted(int type, boolean withCma) {
    return withCma || type != Migratetype.CMA;
  }

  private static void appendFree(StringBuilder text, Zone zone, boolean withCma) {
    for (int type = 0; type < PRINTED_TYPES; type++) {
      if (isPrinted(type, withCma)) {
        appendRow(text, zone, type, Migratetype.name(type));
      }
    }
    if (zone.freeBlockPagesUnmapped() > 0) {
      appendRow(text, zone, Migratetype.TYPES, "Unmapped");
    }
  }

  private static void appendRow(StringBuilder text, Zone zone, int index, String name) {
    text.append("Node %4d, zone %8s, type %12s ".formatted(zone.node(), zone.kind().label(), name));
    for (int order = 0; order < Zone.ORDERS; order++) {
      text.append("%6d ".formatted(zone.free().length(Zone.list(order, index))));
    }
    text.append('\n');
  }

  private static void appendBlocks(StringBuilder text, Zone zone, boolean withCma) {
    long[] counts = new long[PRINTED_TYPES];
    Memmap memmap = zone.memmap();
    long first = memmap.blockStart(zone.startPfn());
    for (long pfn = first; pfn < zone.endPfn(); pfn += memmap.blockPages()) {
      counts[memmap.blockType(pfn)]++;
    }
    text.append("Node %d, zone %8s ".formatted(zone.node(), zone.kind().label()));
    for (int type = 0; type < PRINTED_TYPES; type++) {
      if (isPrinted(type, withCma)) {
        text.append("%12d ".formatted(counts[type]));
      }
    }
    text.append('\n');
  }

  /** Models /proc/zoneinfo, with the counters that the allocator has. */
  public static String zoneinfo(PageAllocator allocator) {
    StringBuilder text = new StringBuilder();
    AllocatorRules rules = allocator.config.rules();
    for (Zone zone : allocator.zones()) {
      text.append("Node %d, zone %8s\n".formatted(zone.node(), zone.kind().label()));
      appendMarks(text, zone, rules);
      appendCounters(text, zone, allocator.config);
      text.append("  pagesets\n");
      for (PerCpuPages pcp : allocator.pcpLists.of(zone)) {
        appendPageset(text, pcp);
        if (rules.autoTunesPcp()) {
          text.append("              high_min: %d\n".formatted(pcp.highMin));
          text.append("              high_max: %d\n".formatted(pcp.highMax));
        }
        text.append("  vm stats threshold: %d\n".formatted(zone.freePages().threshold()));
      }
      text.append("  node_unreclaimable:  0\n");
      text.append("  start_pfn:           %d\n".formatted(zone.startPfn()));
    }
    return text.toString();
  }

  private static void appendMarks(StringBuilder text, Zone zone, AllocatorRules rules) {
    long[] marks = zone.marks();
    long delta = marks[AllocFlags.WMARK_HIGH] - marks[AllocFlags.WMARK_LOW];
    text.append("  pages free     %d\n".formatted(zone.freePageCount()));
    appendPages(text, "boost", zone.boost());
    appendPages(text, "min", marks[AllocFlags.WMARK_MIN]);
    appendPages(text, "low", marks[AllocFlags.WMARK_LOW]);
    appendPages(text, "high", marks[AllocFlags.WMARK_HIGH]);
    if (rules.claimsThenSteals()) {
      appendPages(text, "promo", marks[AllocFlags.WMARK_HIGH] + delta);
    }
    appendPages(text, "spanned", zone.endPfn() - zone.startPfn());
    appendPages(text, "present", zone.presentPages());
    appendPages(text, "managed", zone.managedPages());
    appendPages(text, "cma", cmaPages(zone));
    String kept =
        Arrays.stream(zone.reserve()).mapToObj(Long::toString).collect(Collectors.joining(", "));
    text.append("        protection: (%s)\n".formatted(kept));
  }

  private static long cmaPages(Zone zone) {
    Memmap memmap = zone.memmap();
    long blocks = 0;
    for (long pfn = zone.startPfn(); pfn < zone.endPfn(); pfn += memmap.blockPages()) {
      blocks += memmap.blockType(pfn) == Migratetype.CMA ? 1 : 0;
    }
    return blocks * memmap.blockPages();
  }

  private static void appendPages(StringBuilder text, String name, long pages) {
    text.append("        %-8s %d\n".formatted(name, pages));
  }

  private static void appendCounters(StringBuilder text, Zone zone, AllocatorConfig config) {
    appendCounter(text, "nr_free_pages", zone.freePageCount());
    if (config.unmappedPool()) {
      appendCounter(text, "nr_free_pages_blocks_mapped", zone.freeBlockPagesMapped());
      appendCounter(text, "nr_free_pages_blocks_unmapped", zone.freeBlockPagesUnmapped());
    } else if (config.rules().claimsThenSteals()) {
      appendCounter(text, "nr_free_pages_blocks", zone.freeBlockPagesMapped());
    }
    appendCounter(text, "nr_free_cma", zone.freeCma());
  }

  private static void appendCounter(StringBuilder text, String name, long value) {
    text.append("      %-12s %d\n".formatted(name, value));
  }

  /** Models the per-CPU part of /proc/zoneinfo. */
  public static String pagesets(PageAllocator allocator) {
    StringBuilder text = new StringBuilder();
    for (Zone zone : allocator.zones) {
      text.append("Node %d, zone %8s\n  pagesets\n".formatted(zone.node(), zone.kind().label()));
      for (PerCpuPages pcp : allocator.pcpLists.of(zone)) {
        appendPageset(text, pcp);
      }
    }
    return text.toString();
  }

  private static void appendPageset(StringBuilder text, PerCpuPages pcp) {
    text.append("    cpu: %d\n".formatted(pcp.cpu));
    text.append("              count:    %d\n".formatted(pcp.count));
    text.append("              high:     %d\n".formatted(pcp.high));
    text.append("              batch:    %d\n".formatted(pcp.batch));
  }

  /** The lines of /proc/vmstat that count free memory, by their names in the series. */
  public static String vmstat(PageAllocator allocator) {
    long mapped = 0;
    long unmapped = 0;
    for (Zone zone : allocator.zones) {
      mapped += zone.freeBlockPagesMapped();
      unmapped += zone.freeBlockPagesUnmapped();
    }
    return "nr_free_pages %d\nnr_free_pages_blocks_mapped %d\nnr_free_pages_blocks_unmapped %d\n"
        .formatted(allocator.freePages(), mapped, unmapped);
  }
}
