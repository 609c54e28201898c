package org.pagewright.lab.experiment.suite;

import java.util.BitSet;
import java.util.List;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.secret.GuestMemfd;
import org.pagewright.kernel.secret.GuestMemfdConfig;

/**
 * Watches what memory without a direct map promises while a guest is filled.
 *
 * <p>Every free frame's list, pageblock flag and direct-map state agree; no page of the guest is in
 * the direct map once it is filled; and none can be reached through a CPU's TLB after the flush
 * that the design promises.
 */
final class IsolationWatch {
  static final String REACHABLE =
      "secret frames can be reached through TLBs after the flush that the design promises";

  static final String FREED_TOO_EARLY =
      "freed frames of the guest can still be read through the mermap: nothing flushes it before"
          + " they are freed";

  private static final long PAGE_BYTES = 4096;

  private final SimulatedHost host;
  private final GuestMemfd file;
  private final GuestMemfdConfig design;

  IsolationWatch(SimulatedHost host, GuestMemfd file, GuestMemfdConfig design) {
    this.host = host;
    this.file = file;
    this.design = design;
  }

  /** Whether pages leave the direct map and with it every TLB. */
  static boolean promisesFlush(GuestMemfdConfig design) {
    return design.removal() != GuestMemfdConfig.Removal.EACH_NO_FLUSH && design.removesPages();
  }

  /** Adds what is broken at this instant to {@code problems}. */
  void check(List<String> problems) {
    DirectMap map = host.directMap();
    @Nullable String broken = AllocatorVerifier.firstBroken(host.allocator(), map::isPresentNow);
    if (broken != null) {
      problems.add(broken);
    }
    for (long index = 0; index < file.mapping().indexes(); index++) {
      if (file.isRemoved(index) && map.isPresentNow(file.mapping().pfn(index))) {
        problems.add("page " + index + " of the guest is in the direct map");
        return;
      }
    }
    if (promisesFlush(design) && secretsInTlbs(host, file) > 0) {
      problems.add(REACHABLE);
    }
  }

  /** How many frames of the file a direct-map entry of any TLB reaches. */
  static long secretsInTlbs(SimulatedHost host, GuestMemfd file) {
    return reached(host, frames(file), host.directMap().layout()::inDirectMap);
  }

  /** How many of {@code frames} a translation of the mermap reaches that some TLB holds. */
  static long reachedByMermap(SimulatedHost host, BitSet frames) {
    return reached(host, frames, MmLocalLayout.of(host.machine().format())::contains);
  }

  /** The frames of the file that must not be in the direct map. */
  static BitSet frames(GuestMemfd file) {
    BitSet frames = new BitSet();
    for (long index = 0; index < file.mapping().indexes(); index++) {
      if (file.isRemoved(index)) {
        frames.set(Math.toIntExact(file.mapping().pfn(index)));
      }
    }
    return frames;
  }

  private static long reached(SimulatedHost host, BitSet frames, LongPredicate region) {
    BitSet reached = new BitSet();
    for (int id = 0; id < host.machine().cpus(); id++) {
      host.machine()
          .cpu(id)
          .tlb()
          .forEachEntry((array, va, asid, shift, translation) -> {
            if (translation >= 0 && region.test(va)) {
              int from = (int) (Translation.pa(translation, va) / PAGE_BYTES);
              int to = from + (int) ((1L << shift) / PAGE_BYTES);
              for (int f = frames.nextSetBit(from); f >= 0 && f < to; ) {
                reached.set(f);
                f = frames.nextSetBit(f + 1);
              }
            }
          });
    }
    return reached.cardinality();
  }
}
