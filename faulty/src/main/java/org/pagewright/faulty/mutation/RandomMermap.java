package org.pagewright.faulty.mutation;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.mermap.MermapHandle;

/** Two processes that map pages for themselves, use and unmap them as chance says. */
final class RandomMermap {
  private static final int FRAMES_ORDER = 9;
  private static final int HELD_MAX = 5;

  /** Nearly a window: few mappings leave no addresses for the next. */
  private static final int LARGE_PAGES = 500;

  private static final int PATTERN = 1000;
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private RandomMermap() {}

  /** So many acts. */
  static List<Violation> run(int acts, long seed) {
    SeededChoices choices = new SeededChoices(seed);
    List<Violation> own = new ArrayList<>();
    try (FaultyKernel world = FaultyKernel.sound()) {
      List<List<Long>> held = List.of(new ArrayList<>(), new ArrayList<>());
      world.runPrepared(0);
      world.runPrepared(1);
      long first = world.kernel().allocator().allocate(world.cpu(0), Gfp.KERNEL, FRAMES_ORDER);
      for (long i = 0; i < 1L << FRAMES_ORDER; i++) {
        world.machine().memory().write((first + i) << 12, PATTERN + i);
      }
      for (int i = 0; i < acts && world.violations().isEmpty(); i++) {
        int id = choices.pick(2, "cpu");
        List<Long> mine = held.get(id);
        if (!mine.isEmpty() && (mine.size() == HELD_MAX || choices.flip("put"))) {
          world.mermap().put(world.cpu(id), mine.remove(choices.pick(mine.size(), "which")));
          continue;
        }
        int most = choices.pick(8, "large") == 0 ? LARGE_PAGES : 4;
        long pages = 1L + choices.pick(most, "pages");
        long from = choices.pick((1 << FRAMES_ORDER) - most, "first frame");
        long handle = get(world, world.cpu(id), first + from, pages);
        if (handle != MermapHandle.NONE) {
          mine.add(handle);
          look(world.cpu(id), handle, from, pages, own);
        }
      }
      for (int id = 0; id < 2; id++) {
        for (long handle : held.get(id)) {
          world.mermap().put(world.cpu(id), handle);
        }
      }
      // The addresses' translations live on until they are used again, and frames may not go
      // before.
      world.shootdown().flushAll(world.cpu(0));
      world.kernel().allocator().free(world.cpu(0), first, FRAMES_ORDER);
      own.addAll(world.inspectEmptied());
      return own;
    }
  }

  private static long get(FaultyKernel world, Cpu cpu, long pfn, long pages) {
    long handle = world.mermap().get(cpu, pfn, pages << 12, RIGHTS);
    if (handle == MermapHandle.NONE) {
      cpu.disablePreemption();
      long reserved = world.mermap().getReserved(cpu, pfn, RIGHTS);
      if (reserved != MermapHandle.NONE) {
        world.mermap().put(cpu, reserved);
      }
      cpu.enablePreemption();
    }
    return handle;
  }

  private static void look(Cpu cpu, long handle, long from, long pages, List<Violation> own) {
    for (long i = 0; i < pages; i++) {
      long word = cpu.load(MermapHandle.va(handle) + (i << 12), Access.READ);
      if (word != PATTERN + from + i) {
        String what = "page %d of a mapping reads %d".formatted(from + i, word);
        own.add(new Violation("contents-kept", cpu.id(), what));
      }
    }
  }
}
