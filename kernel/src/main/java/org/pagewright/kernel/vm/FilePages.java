package org.pagewright.kernel.vm;

import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;

/**
 * The pages of a file in memory. Models the page cache of a shmem-like file (mm/filemap.c,
 * mm/shmem.c): pages appear zeroed or as they were when they were written out.
 *
 * <p>What is left out: read-ahead, writeback as an activity of its own, folios of several pages.
 */
public final class FilePages implements Backing {
  private final PhysicalMemory memory;
  private final Frames frames;
  private final int pageShift;
  private final long pages;
  private final String name;
  private final PageUsers users;

  /** Address of the steps that look into, or change, what files have cached. */
  private static final long STEP = 1L << 59;

  private final Map<Long, Long> cached = new TreeMap<>();

  /** Contents of pages that were written out. */
  private final Map<Long, long[]> stored = new TreeMap<>();

  private long truncatedAt;

  FilePages(PhysicalMemory memory, Frames frames, int pageShift, String name, long pages) {
    this.memory = memory;
    this.frames = frames;
    this.pageShift = pageShift;
    this.name = name;
    this.pages = pages;
    this.truncatedAt = pages;
    this.users = frames.createUsers(this);
  }

  /** Finds or makes the page. Models {@code filemap_fault()}: beyond the end is a bus error. */
  @Override
  public long fault(Cpu cpu, long index) {
    cpu.step(Step.STORE, STEP);
    if (index < 0 || index >= truncatedAt) {
      return -Errno.EFAULT;
    }
    Long known = cached.get(index);
    if (known != null) {
      frames.get(known);
      return known;
    }
    long pfn = frames.allocate(cpu, Gfp.HIGHUSER_MOVABLE | Gfp.ZERO, 0);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    read(index, pfn);
    frames.setUsers(pfn, users, index);
    cached.put(index, pfn);
    frames.get(pfn);
    return pfn;
  }

  private void read(long index, long pfn) {
    long[] words = stored.get(index);
    for (int i = 0; words != null && i < words.length; i++) {
      memory.write((pfn << pageShift) + (long) i * Long.BYTES, words[i]);
    }
  }

  /** Writes a page to where it survives its frame. */
  void writeOut(long index) {
    long pfn = pfn(index);
    long[] words = new long[(1 << pageShift) / Long.BYTES];
    for (int i = 0; i < words.length; i++) {
      words[i] = memory.read((pfn << pageShift) + (long) i * Long.BYTES);
    }
    stored.put(index, words);
  }

  /** The frame of a page that is in memory, or {@link PageAllocator#NONE}. */
  public long pfn(long index) {
    return cached.getOrDefault(index, PageAllocator.NONE);
  }

  /** The same, for whoever shares the file with other CPUs. */
  long find(Cpu cpu, long index) {
    cpu.step(Step.LOAD, STEP);
    return pfn(index);
  }

  /** The page is in another frame from here on; the caller has moved the cache's reference. */
  void moved(long index, long toPfn) {
    cached.put(index, toPfn);
  }

  /** Takes a page out of the cache, which gives up its reference. */
  void remove(Cpu cpu, long index) {
    cpu.step(Step.STORE, STEP);
    Long pfn = cached.remove(index);
    if (pfn != null) {
      frames.put(cpu, pfn);
    }
  }

  /** Pages from this index on are gone for good. */
  void shorten(Cpu cpu, long index) {
    cpu.step(Step.STORE, STEP);
    truncatedAt = Math.min(truncatedAt, index);
    stored.keySet().removeIf(page -> page >= index);
  }

  /** Size in pages. */
  public long pages() {
    return Math.min(pages, truncatedAt);
  }

  /** How many pages are in memory. */
  public int pagesCached() {
    return cached.size();
  }

  @Override
  public PageUsers users() {
    return users;
  }

  @Override
  public String label() {
    return name;
  }
}
