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
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.DirectMapConfig.Collapse;
import org.pagewright.kernel.directmap.KernelImage;

/** Random requests for frames, and random changes of their mappings, under all oracles. */
final class RandomKernel implements AutoCloseable {
  private static final int ORDER_MAX = 10;
  private static final int FIRST_CMA_BLOCK = 8;
  private static final int ISOLATED_BLOCK = 11;
  private static final int HELD_MAX = 3000;

  private static final int[] REQUESTS = {
    Gfp.KERNEL,
    Gfp.HIGHUSER_MOVABLE,
    Gfp.KERNEL | Gfp.RECLAIMABLE,
    Gfp.NOWAIT,
    Gfp.DMA32,
    Gfp.KERNEL | Gfp.DMA | Gfp.ZERO,
    Gfp.ATOMIC | Gfp.MEMALLOC
  };

  private static final List<AttributeChange> CHANGES =
      List.of(
          AttributeChange.READ_ONLY,
          AttributeChange.READ_WRITE,
          AttributeChange.READ_ONLY_EXECUTABLE,
          AttributeChange.NOT_EXECUTABLE,
          AttributeChange.NOT_PRESENT,
          AttributeChange.PRESENT);

  /** Frames that somebody holds, the first word of which is {@code pattern}. */
  private record Block(long pfn, int order, boolean isUnmapped, long pattern) {
    long pages() {
      return 1L << order;
    }
  }

  private final KernelMachine kernel;
  private final PageAllocator allocator;
  private final Choices choices;
  private final int atomic;
  private final Oracles oracles;
  private final List<Block> held = new ArrayList<>();
  private final List<Violation> own = new ArrayList<>();
  private final int blockPages;
  private long patterns;

  private RandomKernel(PteFormat format, AllocatorRules rules, Collapse collapse, long seed) {
    this.choices = new SeededChoices(seed);
    this.atomic = Gfp.named("GFP_ATOMIC", rules);
    this.kernel =
        KernelMachine.boot(
            KernelConfig.of(
                    MachineConfig.small(format).withMap(MemoryMap.of(64L << 20)).withCpus(2))
                .withRules(rules)
                .withDirectMap(DirectMapConfig.LINUX_7_3.withCollapse(collapse))
                .withImage(KernelImage.NONE)
                .withMemmapBytesPerPage(0));
    this.allocator = kernel.allocator();
    this.blockPages = 1 << allocator.config().blockOrder();
    AllocatorRepairs repairs = new AllocatorRepairs(allocator);
    repairs.makeCma((long) FIRST_CMA_BLOCK * blockPages);
    repairs.makeCma((long) (FIRST_CMA_BLOCK + 1) * blockPages);
    this.oracles =
        new Oracles(
            new WatchedKernel(kernel.machine(), kernel.directMap(), allocator, /* mermap= */ null));
  }

  /** So many random requests on a version of the allocator, in turns more and less of them. */
  static List<Violation> requests(String version, int acts, long seed) {
    try (RandomKernel world =
        new RandomKernel(
            PteFormat.named("x86_64-4level"),
            AllocatorRules.named(version),
            Collapse.NEVER,
            seed)) {
      for (int i = 0; i < acts && world.oracles.violations().isEmpty(); i++) {
        int takes = i * 4 / acts % 2 == 0 ? 85 : 30;
        world.request(takes);
      }
      return world.end();
    }
  }

  /** So many random changes of the mappings of frames that are held. */
  static List<Violation> changes(String format, Collapse collapse, int acts, long seed) {
    try (RandomKernel world =
        new RandomKernel(PteFormat.named(format), AllocatorRules.V7_0, collapse, seed)) {
      for (int i = 0; i < 4; i++) {
        world.take(Gfp.KERNEL, world.allocator.config().blockOrder(), 0);
      }
      for (int i = 0; i < acts && world.oracles.violations().isEmpty(); i++) {
        world.change();
      }
      return world.end();
    }
  }

  private Cpu cpu() {
    return kernel.cpu(choices.pick(2, "cpu"));
  }

  // ---- requests

  private void request(int takes) {
    int kind = choices.pick(100, "act");
    if (kind == 0) {
      allocator.drainAll();
    } else if (kind == 1) {
      long pfn = (long) ISOLATED_BLOCK * blockPages;
      if (!allocator.undoIsolateBlock(/* cpu= */ 0, pfn, Migratetype.MOVABLE)) {
        boolean isIsolated = allocator.isolateBlock(/* cpu= */ 0, pfn);
        assert isIsolated || held.size() > 0 : "nothing is in the way";
      }
    } else if (held.isEmpty() || (kind < takes && held.size() < HELD_MAX)) {
      takeAny();
    } else {
      give(choices.pick(held.size(), "which"));
    }
  }

  private void takeAny() {
    int order = Math.min(ORDER_MAX, Integer.numberOfTrailingZeros(1 + choices.pick(2048, "order")));
    int chosen = choices.pick(REQUESTS.length + 1, "request");
    int gfp = chosen == REQUESTS.length ? atomic : REQUESTS[chosen];
    int flags =
        switch (choices.pick(8, "flags")) {
          case 0, 1 -> AllocFlags.UNMAPPED;
          case 2 -> AllocFlags.TRYLOCK;
          default -> 0;
        };
    take(flags == AllocFlags.UNMAPPED ? gfp & ~Gfp.ZERO : gfp, order, flags);
  }

  private void take(int gfp, int order, int flags) {
    long pfn = allocator.allocate(cpu(), gfp, order, flags);
    if (pfn == PageAllocator.NONE) {
      return;
    }
    Block block = new Block(pfn, order, (flags & AllocFlags.UNMAPPED) != 0, ++patterns);
    kernel.machine().memory().write(pfn << kernel.machine().format().pageShift(), block.pattern);
    held.add(block);
  }

  private void give(int which) {
    Block block = held.get(which);
    held.set(which, held.getLast());
    held.removeLast();
    long pa = block.pfn << kernel.machine().format().pageShift();
    long found = kernel.machine().memory().read(pa);
    if (found != block.pattern) {
      own.add(new Violation("contents-kept", 0, "frame 0x%x holds %d".formatted(block.pfn, found)));
    }
    allocator.free(cpu(), block.pfn, block.order);
  }

  // ---- mappings

  private void change() {
    Block block = held.get(choices.pick(held.size(), "block"));
    long first = block.pfn + choices.pick((int) block.pages(), "first page");
    long left = block.pfn + block.pages() - first;
    boolean isLarge = choices.pick(4, "size") == 0;
    long most = isLarge ? left : Math.min(8, left);
    long pages = 1L + choices.pick((int) most, "pages");
    if (choices.pick(8, "all") == 0) {
      first = block.pfn;
      pages = block.pages();
    }
    touch(first);
    Cpu cpu = cpu();
    if (choices.flip("for addresses")) {
      AttributeChange what = CHANGES.get(choices.pick(CHANGES.size(), "change"));
      int error = kernel.directMap().setMemory(cpu, what, kernel.directMap().va(first), pages);
      assert error <= 0 : error;
      return;
    }
    boolean isValid = choices.flip("valid");
    int error = kernel.directMap().setValidNoflush(cpu, first, pages, isValid);
    if (error == 0 && !isValid) {
      long va = kernel.directMap().va(first);
      long bytes = pages << kernel.machine().format().pageShift();
      kernel.shootdown().flushKernelRange(cpu, va, va + bytes);
    }
  }

  /** Lets a CPU translate a page, as it is, and one beside it. */
  private void touch(long pfn) {
    Cpu cpu = cpu();
    for (long at = pfn; at < pfn + 2; at++) {
      if (kernel.directMap().isPresentNow(at)) {
        long word = cpu.load(kernel.directMap().va(at), Access.READ);
        assert word >= 0 : word;
      }
    }
  }

  private List<Violation> end() {
    Cpu cpu = kernel.cpu(0);
    for (Block block : held) {
      if (!block.isUnmapped) {
        int error = kernel.directMap().setValidNoflush(cpu, block.pfn, block.pages(), true);
        assert error == 0 : "what was split needs no table";
      }
    }
    while (!held.isEmpty()) {
      give(held.size() - 1);
    }
    boolean wasIsolated =
        allocator.undoIsolateBlock(
            /* cpu= */ 0, (long) ISOLATED_BLOCK * blockPages, Migratetype.MOVABLE);
    allocator.drainAll();
    assert !wasIsolated || allocator.freePages() > 0 : "nothing is free";
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
