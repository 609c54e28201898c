package org.pagewright.check.tables;

import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.vm.VmEvent;

/**
 * What users map is theirs.
 *
 * <p>Property: no frame is given back while an entry of a process maps it, or given back or moved
 * while it is pinned, and none that is free is mapped; a process's own page that user mode may
 * write is mapped once, and the page that all reads of untouched memory see is never writable.
 * Sees: entries of tables that hang in a top table, frames handed out and given back, which frames
 * hold a process's own memory. Checked: at each write of an entry and each free. Does not check:
 * frames handed out before it was attached; translations, which {@code freed-frame-translations}
 * watches; pages of files, which several may write.
 */
final class MappedFrames extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED,
          VmEvent.ANONYMOUS_FRAME,
          VmEvent.PINNED,
          VmEvent.UNPINNED,
          VmEvent.MIGRATED,
          VmEvent.ZERO_PAGE,
          KernelEvent.ENTRY_WRITE);

  private final PteFormat format;
  private final HookedTables hooked;

  /** Frames that were given back and not handed out since. */
  private final BitSet free = new BitSet();

  private final BitSet anonymous = new BitSet();

  /** How often frames are pinned. */
  private final Map<Long, Integer> pins = new HashMap<>();

  private final Set<Long> zeroPages = new HashSet<>();

  MappedFrames(WatchedKernel kernel, HookedTables hooked, List<Violation> violations) {
    super("mapped-frames", KINDS, violations);
    this.format = kernel.machine().format();
    this.hooked = hooked;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FRAMES_ALLOCATED -> {
        free.clear((int) a, (int) a + (1 << b));
        anonymous.clear((int) a, (int) a + (1 << b));
      }
      case KernelEvent.FRAMES_FREED -> freed(cpu, (int) a, (int) a + (1 << b));
      case VmEvent.ANONYMOUS_FRAME -> anonymous.set((int) a, (int) a + (1 << b));
      case VmEvent.PINNED -> pins.merge(a, 1, Integer::sum);
      case VmEvent.UNPINNED -> pins.merge(a, -1, Integer::sum);
      case VmEvent.MIGRATED -> {
        requireUnpinned(cpu, (int) a, (int) a + (1 << c), "moved");
        if (anonymous.get((int) a)) {
          anonymous.set((int) b, (int) b + (1 << c));
        }
      }
      case VmEvent.ZERO_PAGE -> zeroPages.add(a);
      case KernelEvent.ENTRY_WRITE -> written(cpu, a, c);
      default -> {}
    }
  }

  private void requireUnpinned(int cpu, int from, int to, String what) {
    for (int pfn = from; pfn < to && !pins.isEmpty(); pfn++) {
      if (pins.getOrDefault((long) pfn, 0) > 0) {
        violated(cpu, "frame " + hex(pfn) + " was " + what + " while it is pinned");
      }
    }
  }

  private void freed(int cpu, int from, int to) {
    requireUnpinned(cpu, from, to, "given back");
    for (int pfn = from; pfn < to; pfn++) {
      if (hooked.maps(pfn) > 0) {
        violated(cpu, "frame " + hex(pfn) + " was given back while an entry maps it");
        break;
      }
    }
    free.set(from, to);
    anonymous.clear(from, to);
  }

  private void written(int cpu, long entryPa, long entry) {
    HookedTables.Table table = hooked.at(entryPa);
    if (table == null || !hooked.isUserEntry(table, entryPa)) {
      return;
    }
    int level = table.level();
    if (level > 1 && format.isTable(entry, level)) {
      return;
    }
    if (hooked.isMapping(entry, level)) {
      mapped(cpu, entryPa, (int) hooked.pfn(entry, level));
    }
  }

  private void mapped(int cpu, long entryPa, int pfn) {
    if (free.get(pfn)) {
      violated(cpu, "entry " + hex(entryPa) + " maps frame " + hex(pfn) + ", which is free");
    }
    int writable = hooked.writableMaps(pfn);
    if (writable > 0 && anonymous.get(pfn) && hooked.maps(pfn) > 1) {
      violated(
          cpu,
          "frame 0x%x is a process's own, mapped %d times and writable"
              .formatted(pfn, hooked.maps(pfn)));
    }
    if (writable > 0 && zeroPages.contains((long) pfn)) {
      violated(cpu, "user mode may write the zero page in frame " + hex(pfn));
    }
  }
}
