package org.pagewright.faulty.mutation;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.directmap.KernelImage;

/**
 * Memory that is nearly used up again and again, with somebody who reclaims a little and victims:
 * where watermarks, reserves, fallbacks and the slow path decide who gets the rest.
 */
final class ScarceMemory implements AutoCloseable {
  private static final int ORDER_MAX = 10;
  private static final int COSTLY_ORDER = 3;
  private static final int CMA_BLOCKS = 3;
  private static final int FIRST_CMA_BLOCK = 40;

  /** Requests between two ebbs. */
  private static final int ACTS = 250;

  /** What interrupts want when little is left. */
  private static final int ATOMIC_BLOCKS = 12;

  private static final int RECLAIMED_BLOCKS = 2;
  private static final int VICTIM_BLOCKS = 12;

  private static final int[] REQUESTS = {
    Gfp.KERNEL,
    Gfp.HIGHUSER_MOVABLE,
    Gfp.KERNEL | Gfp.RECLAIMABLE,
    Gfp.KERNEL & ~Gfp.FS,
    Gfp.KERNEL | Gfp.NORETRY,
    Gfp.KERNEL | Gfp.RETRY_MAYFAIL,
    Gfp.HIGHUSER_MOVABLE | Gfp.NORETRY,
    Gfp.KERNEL | Gfp.NOFAIL,
    Gfp.NOWAIT,
    Gfp.DMA32,
    Gfp.ATOMIC | Gfp.MEMALLOC
  };

  /** Frames that somebody holds. */
  private record Block(long pfn, int order) {}

  private final KernelMachine kernel;
  private final PageAllocator allocator;
  private final Choices choices;
  private final Oracles oracles;
  private final int atomic;
  private final List<Block> held = new ArrayList<>();
  private final List<Violation> own = new ArrayList<>();

  /** Flags of the request that is being served. */
  private int served;

  /** Whether anybody reclaims for it. */
  private boolean isGenerous;

  private boolean wasVictimAsked;

  private ScarceMemory(AllocatorRules rules, long seed) {
    this.choices = new SeededChoices(seed);
    this.atomic = Gfp.named("GFP_ATOMIC", rules);
    this.kernel =
        KernelMachine.boot(
            KernelConfig.of(
                    MachineConfig.small(PteFormat.named("x86_64-4level"))
                        .withMap(MemoryMap.of(256L << 20))
                        .withCpus(2))
                .withRules(rules)
                .withImage(KernelImage.NONE)
                .withMemmapBytesPerPage(0));
    this.allocator = kernel.allocator();
    AllocatorRepairs repairs = new AllocatorRepairs(allocator);
    for (long block = FIRST_CMA_BLOCK; block < FIRST_CMA_BLOCK + CMA_BLOCKS; block++) {
      repairs.makeCma(block << allocator.config().blockOrder());
    }
    allocator.setReclaim(new Neighbours());
    this.oracles =
        new Oracles(
            new WatchedKernel(kernel.machine(), kernel.directMap(), allocator, /* mermap= */ null));
  }

  /** So many times from plenty to nothing on a version of the allocator. */
  static List<Violation> run(String version, int rounds, long seed) {
    try (ScarceMemory world = new ScarceMemory(AllocatorRules.named(version), seed)) {
      world.compareMarks();
      for (int i = 0; i < rounds && world.isSound(); i++) {
        world.fill(i);
        for (int act = 0; act < ACTS && world.isSound(); act++) {
          world.act();
        }
        world.ebb();
      }
      return world.end();
    }
  }

  private boolean isSound() {
    return oracles.violations().isEmpty() && own.isEmpty();
  }

  /** Those who give something back when the allocator asks. */
  private final class Neighbours implements PageAllocator.Reclaim {
    @Override
    public long reclaim(Cpu cpu, int order) {
      return isGenerous && choices.flip("reclaim") ? give(cpu, RECLAIMED_BLOCKS) : 0;
    }

    @Override
    public boolean kill(Cpu cpu) {
      wasVictimAsked = true;
      int mayFail = Gfp.NORETRY | Gfp.RETRY_MAYFAIL;
      if ((served & Gfp.FS) == 0 || (served & mayFail) != 0) {
        String what = "a victim was chosen for a request with gfp 0x%x".formatted(served);
        own.add(new Violation("victims-only-where-allowed", cpu.id(), what));
      }
      return choices.flip("victim") && give(cpu, VICTIM_BLOCKS) > 0;
    }

    private long give(Cpu cpu, int blocks) {
      long pages = 0;
      for (int i = 0; i < blocks && !held.isEmpty(); i++) {
        pages += ScarceMemory.this.give(cpu, choices.pick(held.size(), "whose"));
      }
      return pages;
    }
  }

  private long give(Cpu cpu, int which) {
    Block block = held.get(which);
    held.set(which, held.getLast());
    held.removeLast();
    allocator.free(cpu, block.pfn, block.order);
    return 1L << block.order;
  }

  private boolean take(int gfp, int order, int flags) {
    served = gfp;
    isGenerous = choices.flip("generous");
    wasVictimAsked = false;
    long pfn = allocator.allocate(kernel.cpu(choices.pick(2, "cpu")), gfp, order, flags);
    if (pfn != PageAllocator.NONE) {
      held.add(new Block(pfn, order));
    } else if (mayHaveVictims(gfp, order, flags) && !wasVictimAsked) {
      String what = "order %d with gfp 0x%x failed before a victim".formatted(order, gfp);
      own.add(new Violation("victims-before-failure", 0, what));
    }
    return pfn != PageAllocator.NONE;
  }

  /** What {@code out_of_memory()} is called for: small requests that may wait, use FS and retry. */
  private static boolean mayHaveVictims(int gfp, int order, int flags) {
    int needed = Gfp.FS | Gfp.DIRECT_RECLAIM;
    return (gfp & needed) == needed
        && (gfp & (Gfp.NORETRY | Gfp.RETRY_MAYFAIL | Gfp.MEMALLOC)) == 0
        && (flags & AllocFlags.TRYLOCK) == 0
        && order <= COSTLY_ORDER;
  }

  /** Takes what one kind of request can get without anybody's help, large blocks first. */
  private void fill(int round) {
    int gfp = round % 2 == 0 ? Gfp.NOWAIT : Gfp.HIGHUSER_MOVABLE & ~Gfp.DIRECT_RECLAIM;
    int smallest = round % 3;
    for (int order = ORDER_MAX; order >= smallest && isSound(); order--) {
      while (take(gfp, order, 0) && isSound()) {}
    }
    for (int i = 0; i < ATOMIC_BLOCKS && isSound(); i++) {
      take(atomic, 1 + choices.pick(6, "order"), 0);
    }
  }

  private void act() {
    int kind = choices.pick(16, "act");
    if (kind < 3 && !held.isEmpty()) {
      give(kernel.cpu(choices.pick(2, "cpu")), choices.pick(held.size(), "which"));
      return;
    }
    if (kind == 3) {
      allocator.refresh(choices.pick(2, "cpu"));
      return;
    }
    int chosen = choices.pick(REQUESTS.length + 3, "request");
    int gfp = chosen >= REQUESTS.length ? atomic : REQUESTS[chosen];
    int order = choices.pick(choices.pick(8, "large") == 0 ? ORDER_MAX + 1 : 4, "order");
    boolean mustNotFail = (gfp & Gfp.NOFAIL) != 0;
    int flags =
        switch (choices.pick(8, "flags")) {
          case 0 -> AllocFlags.UNMAPPED;
          case 1 -> AllocFlags.TRYLOCK;
          default -> 0;
        };
    take(gfp, mustNotFail ? 0 : order, mustNotFail ? 0 : flags);
  }

  /** Most of what is held goes; then no CPU keeps anything. */
  private void ebb() {
    int left = held.size() / 8;
    while (held.size() > left && isSound()) {
      give(kernel.cpu(choices.pick(2, "cpu")), choices.pick(held.size(), "which"));
    }
    compareKept("before they are drained");
    allocator.drainAll();
    compareKept("after all were drained");
    if (allocator.pcpPages() != 0) {
      String what = allocator.pcpPages() + " pages are on lists of CPUs after all were drained";
      own.add(new Violation("drained-is-empty", 0, what));
    }
    take(Gfp.KERNEL, ORDER_MAX, AllocFlags.UNMAPPED);
  }

  private void compareKept(String when) {
    AllocatorRepairs lists = new AllocatorRepairs(allocator);
    long kept = 0;
    for (Zone zone : allocator.zones()) {
      kept += lists.pcpCount(0, zone.id()) + lists.pcpCount(1, zone.id());
    }
    if (kept != allocator.pcpPages()) {
      String what =
          "CPUs keep %d pages %s, %d are told".formatted(kept, when, allocator.pcpPages());
      own.add(new Violation("drained-is-empty", 0, what));
    }
  }

  /** The min marks together are {@code min_free_kbytes}: the root of 16 times what there is. */
  private void compareMarks() {
    long min = 0;
    long managed = 0;
    for (Zone zone : allocator.zones()) {
      min += zone.marks()[AllocFlags.WMARK_MIN];
      managed += zone.managedPages();
    }
    long kib = kernel.machine().format().pageBytes() >> 10;
    long wanted = (long) Math.sqrt(16.0 * managed * kib) / kib;
    if (min > wanted || min < wanted - allocator.zones().size()) {
      String what = "the min marks add up to %d pages; expected %d".formatted(min, wanted);
      own.add(new Violation("marks-as-documented", 0, what));
    }
  }

  private List<Violation> end() {
    while (!held.isEmpty()) {
      give(kernel.cpu(0), held.size() - 1);
    }
    allocator.drainAll();
    List<Violation> found = new ArrayList<>(oracles.inspectEmptied());
    found.addAll(own);
    return found;
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
