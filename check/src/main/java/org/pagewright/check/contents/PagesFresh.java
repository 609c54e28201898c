package org.pagewright.check.contents;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;

/**
 * User mode never finds in a page what was there before the page was its own.
 *
 * <p>Property: a frame that had something in it when it was handed out does not hold just that when
 * user mode first uses it, or when it joins a file whose pages are empty at first, unless that was
 * copied there since. Sees: requests, accesses of user mode, frames that join files, pages that are
 * copied, memory. Checked: at each access of user mode, and when a frame joins. Does not check:
 * pages of which a part was overwritten since; large blocks, and frames that begin with zeros,
 * unless user mode used them before.
 */
final class PagesFresh extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          HardwareEvent.ACCESS,
          MmEvent.SECRET_ADDED,
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAME_COPIED,
          KernelEvent.FRAMES_READY,
          KernelEvent.FRAMES_FREED);

  /** Larger blocks that only the kernel used are not looked at. */
  private static final int ORDER_MAX = 3;

  private final FrameBytes bytes;
  private final int pageShift;

  /** What was in frames when they were handed out, by frame. */
  private final TreeMap<Long, Long> before = new TreeMap<>();

  /** Frames that were copied to: compaction does so before it hands them out. */
  private final TreeSet<Long> copied = new TreeSet<>();

  /** Frames that user mode used some time. */
  private final TreeSet<Long> used = new TreeSet<>();

  PagesFresh(WatchedKernel kernel, List<Violation> violations) {
    super("pages-fresh", KINDS, violations);
    this.bytes = new FrameBytes(kernel.machine().memory(), kernel.machine().format());
    this.pageShift = kernel.machine().format().pageShift();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case HardwareEvent.ACCESS -> {
        if (Access.isUser((int) c)) {
          accessed(cpu, Translation.pa(b, a) >>> pageShift, "at " + hex(a));
        }
      }
      case MmEvent.SECRET_ADDED -> {
        for (long pfn = a; pfn < a + b && (c & MmEvent.EMPTY_AT_FIRST) != 0; pfn++) {
          accessed(cpu, pfn, "in a secret file");
        }
      }
      case KernelEvent.FRAMES_ALLOCATED -> {
        if (b <= ORDER_MAX) {
          noteMarked(a, a + (1L << b));
        }
        used.subSet(a, a + (1L << b)).forEach(this::note);
      }
      case KernelEvent.FRAME_COPIED -> {
        before.remove(a);
        copied.add(a);
      }
      case KernelEvent.FRAMES_READY -> {
        Map<Long, Long> old = before.subMap(a, a + (1L << b));
        old.entrySet().removeIf(entry -> bytes.digest(entry.getKey()) != entry.getValue());
      }
      case KernelEvent.FRAMES_FREED -> {
        before.subMap(a, a + (1L << b)).clear();
        copied.subSet(a, a + (1L << b)).clear();
      }
      default -> {}
    }
  }

  /** The event of an access comes before what it stores. */
  private void accessed(int cpu, long pfn, String where) {
    Long was = before.remove(pfn);
    if (was != null && was == bytes.digest(pfn)) {
      violated(cpu, "user mode finds %s what was left in frame 0x%x".formatted(where, pfn));
    }
    used.add(pfn);
  }

  private void noteMarked(long from, long to) {
    for (long pfn = from; pfn < to; pfn++) {
      if (!bytes.beginsWithZero(pfn)) {
        note(pfn);
      }
    }
  }

  private void note(long pfn) {
    long digest = bytes.digest(pfn);
    if (digest != FrameBytes.NOTHING && !copied.contains(pfn)) {
      before.put(pfn, digest);
    }
  }
}
