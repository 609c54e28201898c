package org.pagewright.check.contents;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;

/**
 * User mode never finds in a page what was left there before the page was its own.
 *
 * <p>Property: a frame that was given back with something in it and handed out again does not hold
 * just that when user mode first uses it, or when it joins a file whose pages are empty at first,
 * unless that was copied there since. Sees: accesses of user mode, frames that join files, frees,
 * requests that are served, pages that are copied, memory. Checked: at each access of user mode,
 * and when a frame joins. Does not check: pages of which a part was overwritten since; large blocks
 * that only the kernel used, and frames of the kernel that begin with zeros.
 */
final class PagesFresh extends Oracle {
  private final FrameBytes bytes;
  private final int pageShift;

  /** Larger blocks of the kernel are not looked at. */
  private static final int ORDER_MAX = 3;

  /** What is left in frames that were given back, by frame. */
  private final TreeMap<Long, Long> left = new TreeMap<>();

  /** Frames that user mode used since they were handed out. */
  private final TreeMap<Long, Boolean> used = new TreeMap<>();

  PagesFresh(WatchedKernel kernel, List<Violation> violations) {
    super("pages-fresh", violations);
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
      case KernelEvent.FRAMES_FREED -> {
        freed(a, a + (1L << b));
        if (b <= ORDER_MAX) {
          freedByKernel(a, a + (1L << b));
        }
      }
      case KernelEvent.FRAME_COPIED -> left.remove(a);
      case KernelEvent.FRAMES_READY -> {
        Map<Long, Long> old = left.subMap(a, a + (1L << b));
        old.entrySet().removeIf(entry -> bytes.digest(entry.getKey()) != entry.getValue());
      }
      default -> {}
    }
  }

  /** The event of an access comes before what it stores. */
  private void accessed(int cpu, long pfn, String where) {
    Long was = left.remove(pfn);
    if (was != null && was == bytes.digest(pfn)) {
      violated(cpu, "user mode finds %s what was left in frame 0x%x".formatted(where, pfn));
    }
    used.put(pfn, true);
  }

  private void freed(long from, long to) {
    Map<Long, Boolean> mine = used.subMap(from, to);
    mine.keySet().forEach(this::note);
    mine.clear();
  }

  private void freedByKernel(long from, long to) {
    for (long pfn = from; pfn < to; pfn++) {
      if (!bytes.beginsWithZero(pfn)) {
        note(pfn);
      }
    }
  }

  private void note(long pfn) {
    long digest = bytes.digest(pfn);
    if (digest != FrameBytes.NOTHING) {
      left.put(pfn, digest);
    }
  }
}
