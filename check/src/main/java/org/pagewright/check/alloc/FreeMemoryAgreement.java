package org.pagewright.check.alloc;

import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.directmap.DirectMapView;
import org.pagewright.kernel.kpkeys.KeysView;

/**
 * Free lists, pageblocks, counters and the direct map say the same.
 *
 * <p>Property: a frame that is handed out or given back is present in the direct map exactly if its
 * pageblock is not marked unmapped. Whenever a zone's lock is released, each block that was put on
 * a list meanwhile lies on an existing list, on no other, on the one of the freetype of every
 * pageblock that it covers (before 6.10: of its flags, and of its CMA type), and its frames are
 * present exactly if that freetype is not unmapped; the zone's counters are what the lists hold;
 * its reserve of high-atomic pageblocks is what is counted. Where tables are hardened "present" is
 * "present with the ordinary key" (the flag says "protected" if that is the design). Sees:
 * requests, frees, changes of lists, the tables, pageblocks and counters. Checked: at each of them,
 * at each release, and at rest with the allocator's verifier. Does not check: frames in use; a free
 * frame whose presence changes while it stays free, until rest.
 */
final class FreeMemoryAgreement extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED,
          KernelEvent.FREE_LIST_ADD,
          KernelEvent.FREE_LIST_REMOVE,
          KernelEvent.BLOCK_MAPPED,
          KernelEvent.BLOCK_UNMAPPED,
          KernelEvent.ZONE_UNLOCKED);

  private final PageAllocator allocator;
  private final DirectMapView directMap;
  private final @Nullable KeysView keys;
  private final PteFormat format;
  private final FreeBlocks blocks;
  private final boolean listsFollowBlocks;
  private final int blockPages;

  /** First frames of the blocks that were listed since the zone's lock was taken. */
  private final BitSet touched = new BitSet();

  /** Frames that were compared on lists of mapped frames since they were in use last. */
  private final BitSet comparedMapped = new BitSet();

  /** The same of unmapped ones. */
  private final BitSet comparedUnmapped = new BitSet();

  /** Frames {@code [walkedFrom, walkedTo)} that the entry is for which was walked to last. */
  private long walkedFrom;

  private long walkedTo;
  private boolean isWalkedOrdinary;

  FreeMemoryAgreement(WatchedKernel kernel, PageAllocator allocator, List<Violation> violations) {
    super("free-memory-agreement", KINDS, violations);
    this.allocator = allocator;
    this.directMap = kernel.directMap();
    this.keys = kernel.keys();
    this.format = kernel.machine().format();
    this.blocks = new FreeBlocks(allocator);
    this.listsFollowBlocks = allocator.config().rules().listsFollowBlocks();
    this.blockPages = 1 << allocator.config().blockOrder();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FRAMES_ALLOCATED -> {
        comparePresence(cpu, a, b, "handed out");
        forget((int) a, (int) a + (1 << b));
      }
      case KernelEvent.FRAMES_FREED -> comparePresence(cpu, a, b, "given back");
      case KernelEvent.FREE_LIST_ADD -> added(cpu, (int) a, (int) b, (int) c);
      case KernelEvent.FREE_LIST_REMOVE -> blocks.event(kind, a, b, c);
      case KernelEvent.BLOCK_MAPPED, KernelEvent.BLOCK_UNMAPPED -> forget((int) a, (int) (a + b));
      case KernelEvent.ZONE_UNLOCKED -> {
        compareTouched(cpu);
        compareCounters(cpu, allocator.zones().get((int) a));
      }
      default -> {}
    }
  }

  private void forget(int from, int to) {
    comparedMapped.clear(from, to);
    comparedUnmapped.clear(from, to);
  }

  /**
   * Present in the direct map, for everybody to write. A walk tells it of all frames that the entry
   * is for, which is kept until {@link #lookAnew}.
   */
  private boolean isOrdinary(long pfn) {
    if (pfn < walkedFrom || pfn >= walkedTo) {
      int level = directMap.levelNow(pfn);
      boolean isProtected =
          keys != null && keys.isOn() && format.pkey(directMap.entryNow(pfn), level) != 0;
      long bytes = format.levelBytes(level);
      long va = directMap.layout().directVa(pfn << format.pageShift());
      walkedFrom = pfn - (va & bytes - 1) / format.pageBytes();
      walkedTo = walkedFrom + bytes / format.pageBytes();
      isWalkedOrdinary = directMap.isPresentNow(pfn) && !isProtected;
    }
    return isWalkedOrdinary;
  }

  /** Entries may have been written since the last look. */
  private void lookAnew() {
    walkedTo = 0;
  }

  private void comparePresence(int cpu, long pfn, long order, String what) {
    lookAnew();
    for (long at = pfn; at < pfn + (1L << order); at++) {
      boolean isPresent = isOrdinary(at);
      if (isPresent == allocator.isUnmapped(at)) {
        String state = isPresent ? "present in" : "absent from";
        String block = isPresent ? "unmapped" : "mapped";
        violated(
            cpu,
            "frame 0x%x was %s %s the direct map, its block is %s"
                .formatted(at, what, state, block));
        return;
      }
    }
  }

  private void added(int cpu, int pfn, int order, int freetype) {
    if (Freetype.index(freetype) == Freetype.NO_LIST) {
      violated(
          cpu,
          "%s was put on the list of %s, which does not exist"
              .formatted(block(pfn, order), name(freetype)));
      return;
    }
    int other = blocks.firstFree(pfn, order);
    if (other >= 0) {
      violated(
          cpu,
          "%s was put on a list, but frame 0x%x is on one already"
              .formatted(block(pfn, order), other));
    }
    blocks.event(KernelEvent.FREE_LIST_ADD, pfn, order, freetype);
    touched.set(pfn);
  }

  private void compareTouched(int cpu) {
    for (int pfn = touched.nextSetBit(0); pfn >= 0; pfn = touched.nextSetBit(pfn + 1)) {
      if (blocks.isHead(pfn)) {
        compareBlock(cpu, pfn, blocks.order(pfn), blocks.freetype(pfn));
      }
    }
    touched.clear();
  }

  private void compareBlock(int cpu, int pfn, int order, int freetype) {
    int end = pfn + (1 << order);
    for (int at = pfn; at < end; at += blockPages) {
      int ofBlock = allocator.blockFreetype(at);
      if (!agrees(freetype, ofBlock)) {
        violated(
            cpu,
            "%s is on the list of %s, the pageblock of frame 0x%x is %s"
                .formatted(block(pfn, order), name(freetype), at, name(ofBlock)));
        return;
      }
    }
    compareFrames(cpu, pfn, end, freetype);
  }

  private void compareFrames(int cpu, int from, int end, int freetype) {
    lookAnew();
    boolean isUnmapped = Freetype.isUnmapped(freetype);
    BitSet compared = isUnmapped ? comparedUnmapped : comparedMapped;
    for (int at = compared.nextClearBit(from); at < end; at = compared.nextClearBit(at + 1)) {
      forget(at, at + 1);
      compared.set(at);
      boolean isPresent = isOrdinary(at);
      if (isPresent == isUnmapped) {
        String state = isPresent ? "present in" : "absent from";
        violated(
            cpu,
            "frame 0x%x is %s the direct map and on the list of %s"
                .formatted(at, state, name(freetype)));
        return;
      }
    }
  }

  private boolean agrees(int listed, int ofBlock) {
    if (listsFollowBlocks) {
      return listed == ofBlock;
    }
    boolean isMisplacedCma =
        Freetype.migratetype(ofBlock) == Migratetype.CMA
            && Freetype.migratetype(listed) != Migratetype.CMA;
    return Freetype.isUnmapped(listed) == Freetype.isUnmapped(ofBlock) && !isMisplacedCma;
  }

  private void compareCounters(int cpu, Zone zone) {
    compareCounter(cpu, zone, "free", zone.freePageCount(), blocks.usablePages(zone));
    long cma = blocks.pages(zone, Migratetype.CMA);
    compareCounter(cpu, zone, "free CMA", zone.freeCma(), cma);
    // Kernels before 6.12 do not count them.
    if (allocator.config().rules().countsFreeReserve()) {
      long highatomic = blocks.pages(zone, Migratetype.HIGHATOMIC);
      compareCounter(cpu, zone, "free high-atomic", zone.freeHighatomic(), highatomic);
    }
  }

  private void compareCounter(int cpu, Zone zone, String what, long counted, long listed) {
    if (counted != listed) {
      violated(
          cpu,
          "zone %s counts %d %s pages, its lists have %d"
              .formatted(zone.kind().label(), counted, what, listed));
    }
  }

  private static String block(int pfn, int order) {
    return "the block of order %d at frame 0x%x".formatted(order, pfn);
  }

  private static String name(int freetype) {
    String flag = Freetype.isUnmapped(freetype) ? ", unmapped" : "";
    return "(" + Migratetype.name(Freetype.migratetype(freetype)) + flag + ")";
  }

  @Override
  protected void inspect() {
    lookAnew();
    String broken = AllocatorVerifier.firstBroken(allocator, this::isOrdinary);
    if (broken != null) {
      violatedAtRest(broken);
    }
    allocator.zones().forEach(this::compareReserve);
  }

  private void compareReserve(Zone zone) {
    long reserved = 0;
    for (long at = zone.startPfn() & -blockPages; at < zone.endPfn(); at += blockPages) {
      boolean isReserved =
          Freetype.migratetype(allocator.blockFreetype(at)) == Migratetype.HIGHATOMIC;
      reserved += isReserved ? blockPages : 0;
    }
    if (reserved != zone.reservedHighatomic()) {
      violatedAtRest(
          "zone %s counts %d reserved high-atomic pages, its pageblocks have %d"
              .formatted(zone.kind().label(), zone.reservedHighatomic(), reserved));
    }
  }
}
