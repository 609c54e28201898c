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
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.DirectMapConfig.Collapse;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.pgtable.PageRange;

/** Random requests for frames, and random changes of their mappings, under all oracles. */
final class RandomKernel implements AutoCloseable {
  private static final int ORDER_MAX = 10;
  private static final int FIRST_CMA_BLOCK = 8;
  private static final int ISOLATED_BLOCK = 11;
  private static final int HELD_MAX = 3000;
  private static final long MEMORY_BYTES = 64L << 20;

  /** Where the kernel lies if it lies in memory at all. */
  private static final long IMAGE_PA = 4L << 20;

  /** Frames that are mapped a second time, where modules are. */
  private static final int MODULE_ORDER = 3;

  private static final int MODULE_PAGES = 1 << MODULE_ORDER;

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

  /** Those that static protections of a kernel's sections let happen. */
  private static final List<AttributeChange> KERNEL_CHANGES =
      List.of(
          AttributeChange.READ_ONLY,
          AttributeChange.READ_WRITE,
          AttributeChange.READ_ONLY_EXECUTABLE);

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
  private final Collapse collapse;
  private final KernelImage image;
  private long moduleVa;
  private long modulePfn;
  private long patterns;

  private RandomKernel(
      PteFormat format, AllocatorRules rules, Collapse collapse, KernelImage image, long seed) {
    this.collapse = collapse;
    this.image = image;
    this.choices = new SeededChoices(seed);
    this.atomic = Gfp.named("GFP_ATOMIC", rules);
    this.kernel =
        KernelMachine.boot(
            KernelConfig.of(
                    MachineConfig.small(format).withMap(MemoryMap.of(MEMORY_BYTES)).withCpus(2))
                .withRules(rules)
                .withDirectMap(DirectMapConfig.LINUX_7_3.withCollapse(collapse))
                .withImage(image)
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
            KernelImage.NONE,
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
    return changes(format, collapse, KernelImage.NONE, acts, seed);
  }

  /** The same on a machine whose kernel lies in the direct map, too. */
  static List<Violation> imageChanges(String format, Collapse collapse, int acts, long seed) {
    return changes(format, collapse, KernelImage.at(IMAGE_PA), acts, seed);
  }

  private static List<Violation> changes(
      String format, Collapse collapse, KernelImage image, int acts, long seed) {
    try (RandomKernel world =
        new RandomKernel(PteFormat.named(format), AllocatorRules.V7_0, collapse, image, seed)) {
      for (int i = 0; i < 4; i++) {
        world.take(Gfp.KERNEL, world.allocator.config().blockOrder(), 0);
      }
      world.mapModule();
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

  /** Maps pages of a block of their own where modules are, page by page. */
  private void mapModule() {
    modulePfn = allocator.allocate(cpu(), Gfp.KERNEL, MODULE_ORDER);
    assert modulePfn != PageAllocator.NONE : "memory is free";
    long pageBytes = kernel.machine().format().pageBytes();
    moduleVa = (kernel.layout().vmallocBase() + MEMORY_BYTES) & -MEMORY_BYTES;
    PageRange range = new PageRange(moduleVa, modulePfn * pageBytes, MODULE_PAGES * pageBytes);
    int rights = Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.GLOBAL;
    long mapped =
        kernel.tables().map(cpu(), kernel.rootPa(), range, rights, 1, kernel.tablePages());
    assert mapped == range.bytes() : mapped;
  }

  private void unmapModule() {
    DirectMap map = kernel.directMap();
    int error = map.setMemory(cpu(), AttributeChange.READ_WRITE, moduleVa, MODULE_PAGES);
    assert error == 0 : error;
    long bytes = MODULE_PAGES * kernel.machine().format().pageBytes();
    kernel.tables().unmap(kernel.cpu(0), kernel.rootPa(), moduleVa, bytes);
    kernel.shootdown().flushKernelRange(kernel.cpu(0), moduleVa, moduleVa + bytes);
    allocator.free(cpu(), modulePfn, MODULE_ORDER);
  }

  /** Changes what the kernel or a module is mapped with, at one of its addresses. */
  private void changeKernel() {
    long pageBytes = kernel.machine().format().pageBytes();
    AttributeChange what = KERNEL_CHANGES.get(choices.pick(KERNEL_CHANGES.size(), "change"));
    Cpu cpu = cpu();
    if (image.isEmpty() || choices.flip("module")) {
      int first = choices.pick(MODULE_PAGES, "first page");
      int pages = 1 + choices.pick(MODULE_PAGES - first, "pages");
      touchAt(cpu, moduleVa + first * pageBytes);
      int error = kernel.directMap().setMemory(cpu, what, moduleVa + first * pageBytes, pages);
      assert error <= 0 : error;
      return;
    }
    long pages = 1L + choices.pick(blockPages, "pages");
    int most = (int) ((image.endPa() - image.textPa()) / pageBytes - pages);
    long pa = image.textPa() + choices.pick(most, "first page") * pageBytes;
    boolean isHigh = choices.flip("high");
    long va = isHigh ? kernel.layout().imageBase() + pa : kernel.layout().directVa(pa);
    touchAt(cpu, va);
    int error = kernel.directMap().setMemory(cpu, what, va, pages);
    assert error <= 0 : error;
  }

  private static void touchAt(Cpu cpu, long va) {
    long word = cpu.load(va, Access.READ);
    assert word >= 0 : word;
  }

  private void change() {
    if (choices.pick(4, "whose") == 0) {
      changeKernel();
      return;
    }
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
      if (error == 0 && collapse == Collapse.ALWAYS) {
        compareMerged(first, pages);
      }
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

  /** Where equal neighbours are merged, none are left in the large pages of a range. */
  private void compareMerged(long pfn, long pages) {
    for (long at = pfn & -blockPages; at < pfn + pages; at += blockPages) {
      long first = walked(at);
      long alike = 0;
      while (alike < blockPages && isPieceOf(first, at, at + alike)) {
        alike++;
      }
      if (alike == blockPages) {
        String what = "the pages from frame 0x%x on are alike and not merged".formatted(at);
        own.add(new Violation("equals-merged", 0, what));
      }
    }
  }

  private long walked(long pfn) {
    long va = kernel.directMap().va(pfn);
    return kernel.machine().walker().walk(kernel.cpu(0).registers(), va);
  }

  private boolean isPieceOf(long first, long from, long pfn) {
    long other = walked(pfn);
    int pageShift = kernel.machine().format().pageShift();
    return !Translation.isFault(first)
        && !Translation.isFault(other)
        && Translation.pageShift(other) == pageShift
        && Translation.rights(other) == Translation.rights(first)
        && Translation.pa(other, 0) - Translation.pa(first, 0) == (pfn - from) << pageShift;
  }

  /** Lets a CPU translate a page, as it is, and one beside it. */
  private void touch(long pfn) {
    Cpu cpu = cpu();
    for (long at = pfn; at < pfn + 2; at++) {
      if (kernel.directMap().isPresentNow(at)) {
        long translation = cpu.translate(kernel.directMap().va(at), Access.READ);
        assert !Translation.isFault(translation) : at;
      }
    }
  }

  private List<Violation> end() {
    Cpu cpu = kernel.cpu(0);
    if (moduleVa != 0) {
      unmapModule();
    }
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
