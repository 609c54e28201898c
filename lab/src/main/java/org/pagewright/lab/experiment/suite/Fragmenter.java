package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * Makes holes in memory: takes most of it in chunks of 64 KiB and gives every second chunk back.
 *
 * <p>Models the antagonist of the benchmark secretmem-vs-frag (kernel-benchmarks-nix, {@code
 * fragmenter.rs}): anonymous chunks. Either they are pinned, so that compaction cannot help, or it
 * may move them, as Linux moves pages that are only locked in memory.
 */
final class Fragmenter {

  private static final int CHUNK_PAGES = 16;

  private final SimulatedHost host;
  private final boolean isMovable;
  private long keptPages;

  private Fragmenter(SimulatedHost host, boolean isMovable) {
    this.host = host;
    this.isMovable = isMovable;
  }

  /** Fragments {@code percent} of the pages that can be had; answers how many stay taken. */
  static long fragment(SimulatedHost host, long percent, boolean isMovable) {
    Fragmenter fragmenter = new Fragmenter(host, isMovable);
    fragmenter.run(percent);
    return fragmenter.keptPages;
  }

  private void run(long percent) {
    Cpu cpu = host.cpu();
    PageAllocator allocator = host.allocator();
    long wanted = HostAllocator.freePages(allocator) * percent / 100 / CHUNK_PAGES;
    List<long[]> chunks = new ArrayList<>();
    for (long i = 0; i < wanted; i++) {
      long[] chunk = take(cpu, allocator);
      if (chunk.length < CHUNK_PAGES) {
        free(cpu, allocator, chunk);
        break;
      }
      chunks.add(chunk);
    }
    int first = host.choices().pick(2, "first chunk that is given back");
    for (int i = 0; i < chunks.size(); i++) {
      if (i % 2 == first) {
        free(cpu, allocator, chunks.get(i));
      } else {
        keep(chunks.get(i));
      }
    }
  }

  private void keep(long[] chunk) {
    keptPages += CHUNK_PAGES;
    for (int i = 0; i < CHUNK_PAGES && isMovable; i++) {
      host.letMove(chunk[i]);
    }
  }

  private static long[] take(Cpu cpu, PageAllocator allocator) {
    long[] chunk = new long[CHUNK_PAGES];
    for (int i = 0; i < CHUNK_PAGES; i++) {
      chunk[i] = allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE, 0);
      if (chunk[i] == PageAllocator.NONE) {
        return Arrays.copyOf(chunk, i);
      }
    }
    return chunk;
  }

  private static void free(Cpu cpu, PageAllocator allocator, long[] chunk) {
    for (long pfn : chunk) {
      allocator.free(cpu, pfn, 0);
    }
  }
}
