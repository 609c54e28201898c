package org.pagewright.kernel.compact;

import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Tells a host which large free blocks it may take back. Models {@code page_reporting_cycle()}
 * (mm/page_reporting.c): blocks leave the lists while the host hears of them, then return to the
 * tails and are not reported again until somebody had them.
 */
public final class PageReporting {
  /** Who is told: a balloon device. */
  @FunctionalInterface
  public interface Receiver {
    void report(Cpu cpu, long pfn, int order);
  }

  /** Blocks that are told at once: {@code PAGE_REPORTING_CAPACITY}. */
  private static final int CAPACITY = 32;

  private final List<Zone> zones;
  private final FreePageIsolation isolation;
  private final Receiver receiver;
  private final long[] pfns = new long[CAPACITY];
  private final int[] orders = new int[CAPACITY];

  public PageReporting(List<Zone> zones, FreePageIsolation isolation, Receiver receiver) {
    this.zones = zones;
    this.isolation = isolation;
    this.receiver = receiver;
  }

  /** Reports every block of at least a pageblock; answers how many pages. */
  public long reportAll(Cpu cpu) {
    long pages = 0;
    for (Zone zone : zones) {
      for (int order = Zone.MAX_ORDER; order >= zone.memmap().blockOrder(); order--) {
        for (int index = 0; index < Freetype.INDEXES; index++) {
          pages += index == Migratetype.ISOLATE ? 0 : reportList(cpu, zone, order, index);
        }
      }
    }
    return pages;
  }

  private long reportList(Cpu cpu, Zone zone, int order, int index) {
    long pages = 0;
    int taken = take(cpu, zone, order, index);
    while (taken > 0) {
      for (int i = 0; i < taken; i++) {
        receiver.report(cpu, pfns[i], orders[i]);
        pages += 1L << orders[i];
      }
      putBack(cpu, zone, taken);
      taken = take(cpu, zone, order, index);
    }
    return pages;
  }

  private int take(Cpu cpu, Zone zone, int order, int index) {
    int taken = 0;
    zone.lock().acquire(cpu, cpu.id());
    for (long pfn : zone.free().toArray(Zone.list(order, index))) {
      if (taken < CAPACITY && !zone.memmap().isReported(pfn)) {
        isolation.take(zone, cpu.id(), pfn, order);
        pfns[taken] = pfn;
        orders[taken++] = order;
      }
    }
    zone.lock().release(cpu);
    return taken;
  }

  private void putBack(Cpu cpu, Zone zone, int count) {
    Memmap memmap = zone.memmap();
    zone.lock().acquire(cpu, cpu.id());
    for (int i = 0; i < count; i++) {
      isolation.putBack(zone, cpu.id(), pfns[i], orders[i]);
      if (memmap.isFreeOfOrder(pfns[i], orders[i])) {
        memmap.setReported(pfns[i]);
      }
    }
    zone.lock().release(cpu);
  }
}
