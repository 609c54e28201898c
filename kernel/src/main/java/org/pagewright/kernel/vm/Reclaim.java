package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.pgtable.EntrySlot;

/**
 * Takes pages of files away from those who map them. Models {@code shrink_folio_list()} with {@code
 * try_to_unmap()} (mm/vmscan.c, mm/rmap.c) and {@code unmap_mapping_range()} (mm/memory.c).
 */
final class Reclaim {
  /*
   * What Linux does: the entries of each page are cleared under the lock of their table, whoever
   * maps it; one flush follows for all pages of the round, and only then are pages freed. Nothing
   * here takes the lock of areas. Truncation unmaps through a gather, which flushes.
   *
   * What is left out: the lists of pages, swap, pages of huge leaves.
   */

  private final VmServices services;
  private final BatchedFlush flushes;
  private final Unmapping unmapping;
  private final PteFormat format;

  Reclaim(VmServices services, BatchedFlush flushes, Unmapping unmapping) {
    this.services = services;
    this.flushes = flushes;
    this.unmapping = unmapping;
    this.format = services.format();
  }

  /**
   * Writes pages of a file out and frees their frames.
   *
   * @return frames freed: pages that somebody else refers to stay
   */
  int reclaim(Cpu cpu, FilePages file, long firstIndex, long count) {
    BatchedFlush.Batch batch = new BatchedFlush.Batch();
    int[] unmapped = new int[Math.toIntExact(count)];
    for (int i = 0; i < count; i++) {
      unmapped[i] = unmapAll(cpu, file, firstIndex + i, batch);
    }
    flushes.flush(cpu, batch);
    int freed = 0;
    for (int i = 0; i < count; i++) {
      freed += drop(cpu, file, firstIndex + i, unmapped[i]);
    }
    return freed;
  }

  /** Clears every entry of a page; answers how many references they had. */
  private int unmapAll(Cpu cpu, FilePages file, long index, BatchedFlush.Batch batch) {
    long pfn = file.find(cpu, index);
    int cleared = 0;
    if (pfn >= 0) {
      file.users().beginWalk(cpu);
      for (PageUsers.User user : file.users().ofPage(index, services.pageShift())) {
        long va = user.area().va(index, services.pageShift());
        cleared += unmapOne(cpu, user.space(), va, pfn, batch) ? 1 : 0;
      }
      file.users().endWalk();
    }
    return cleared;
  }

  /** Models {@code try_to_unmap_one()}. */
  private boolean unmapOne(
      Cpu cpu, AddressSpace space, long va, long pfn, BatchedFlush.Batch batch) {
    return services.atEntry(
        cpu,
        space.mm(),
        va,
        (entryPa, entry) -> {
          boolean isIt =
              !services.entries().isEmpty(entry, 1)
                  && !services.entries().isMigration(entry, 1)
                  && services.pfn(entry, 1) == pfn;
          if (isIt) {
            services.exchange(cpu, EntrySlot.of(entryPa, 1), format.empty(1));
            flushes.add(batch, space);
            services.frames().unmap(pfn);
          }
          return isIt;
        });
  }

  private int drop(Cpu cpu, FilePages file, long index, int references) {
    long pfn = file.find(cpu, index);
    if (pfn < 0) {
      return 0;
    }
    for (int i = 0; i < references; i++) {
      services.frames().put(cpu, pfn);
    }
    if (services.frames().countReferences(cpu, pfn) > 1) {
      return 0;
    }
    file.writeOut(index);
    file.remove(cpu, index);
    return 1;
  }

  /** Cuts a file: its pages from an index on are unmapped everywhere and freed. */
  int truncate(Cpu cpu, FilePages file, long firstIndex) {
    if (firstIndex < 0) {
      return -Errno.EINVAL;
    }
    long pages = file.pages();
    file.shorten(cpu, firstIndex);
    file.users().beginWalk(cpu);
    for (PageUsers.User user : file.users().all()) {
      unmapTail(cpu, user, firstIndex, pages);
    }
    file.users().endWalk();
    for (long index = firstIndex; index < pages; index++) {
      file.remove(cpu, index);
    }
    return 0;
  }

  private void unmapTail(Cpu cpu, PageUsers.User user, long firstIndex, long pages) {
    Area area = user.area();
    long from = Math.max(area.from(), area.va(firstIndex, services.pageShift()));
    long to = Math.min(area.to(), area.va(pages, services.pageShift()));
    if (from < to) {
      MmuGather gather = services.userTables().gather(user.space().mm(), /* isFullMm= */ false);
      services.userTables().zap(cpu, gather, from, to, unmapping, /* reclaims= */ false);
      gather.finish(cpu);
    }
  }
}
