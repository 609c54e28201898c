package org.pagewright.kernel.userland;

import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.UserMemory;

/**
 * Takes pages of files back when memory is short. Models {@code shrink_node()} (mm/vmscan.c, 7.0)
 * for the page cache, with one hand that goes round all files in the place of its lists: which page
 * was used lately makes no difference.
 */
public final class PageCacheReclaim implements PageAllocator.Reclaim {
  /** Pages that are freed at once: {@code SWAP_CLUSTER_MAX}. */
  private static final int CLUSTER = 32;

  private final UserMemory memory;
  private final List<FilePages> files;
  private int file;
  private long index;

  /** Takes pages of these files, one after another. */
  public PageCacheReclaim(UserMemory memory, List<FilePages> files) {
    this.memory = memory;
    this.files = List.copyOf(files);
  }

  @Override
  public long reclaim(Cpu cpu, int order) {
    long unseen = files.stream().mapToLong(FilePages::pages).sum();
    long freed = 0;
    while (freed < CLUSTER && unseen > 0) {
      FilePages current = files.get(file);
      long count = Math.min(CLUSTER, current.pages() - index);
      if (count > 0) {
        freed += memory.reclaim(cpu, current, index, count);
        index += count;
        unseen -= count;
      } else {
        file = (file + 1) % files.size();
        index = 0;
      }
    }
    return freed;
  }
}
