package org.pagewright.check.kpkeys;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.TaskReserves;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.kernel.pgtable.TableSource;

/** A small machine with hardened tables, and what can be done to it. */
public final class SplitWorld implements AutoCloseable {
  private static final int BLOCK_ORDER = 9;
  private static final int BLOCK_PAGES = 1 << BLOCK_ORDER;
  private static final int LARGEST_LEAVES = 6;
  private static final int FREE_ORDER = 2;

  /** Scattering cuts up frames that others still count as whole; these do not care. */
  private static final Set<String> WATCHING =
      Set.of("splits-served", "tables-protected", "execution-rules");

  /** Tables that a drained machine has at least, if it had pages for them. */
  private static final int TABLES_TO_GIVE = 2;

  private static final int MEMALLOC = Gfp.KERNEL | Gfp.MEMALLOC | Gfp.NOWARN;

  /** A change that can be undone. */
  private record Change(long pfn, long pages) {}

  private final HardenedTables hardened;
  private final KernelMachine kernel;
  private final Oracles oracles;
  private final Deque<Long> tables = new ArrayDeque<>();
  private final Deque<Change> changes = new ArrayDeque<>();

  /** Level of the largest leaves: 1G with pages of 4K, 32M with 16K, 512M with 64K. */
  private final int leafLevel;

  private final int leafPages;
  private long refused;
  private boolean isScattered;

  /**
   * Boots a machine.
   *
   * @param collapses whether equal neighbours are merged again after every change, which Linux does
   *     not do in the direct map
   */
  public SplitWorld(PteFormat format, KpkeysConfig config, boolean collapses) {
    boolean byPages = config.needsPages();
    this.leafLevel = format.isLeafLevel(3) ? 3 : 2;
    long leafBytes = format.levelBytes(leafLevel);
    this.leafPages = Math.toIntExact(leafBytes >>> format.pageShift());
    long bytes = byPages ? 256L << 20 : LARGEST_LEAVES * leafBytes;
    MachineConfig hardware = MachineConfig.small(format).withMap(MemoryMap.of(bytes));
    KernelConfig boot =
        KernelConfig.of(hardware).withImage(KernelImage.NONE).withMemmapBytesPerPage(0);
    DirectMapConfig map = boot.directMap().withLargestLeafLevel(byPages ? 1 : 3);
    if (collapses) {
      map = map.withCollapse(DirectMapConfig.Collapse.ALWAYS);
    }
    this.hardened = HardenedTables.boot(boot.withDirectMap(map), config, Choices.first());
    this.kernel = hardened.kernel();
    this.oracles =
        new Oracles(
            new WatchedKernel(
                kernel.machine(), kernel.directMap(), kernel.allocator(), null, hardened),
            WATCHING::contains);
  }

  public Machine machine() {
    return kernel.machine();
  }

  public HardenedTables hardened() {
    return hardened;
  }

  /** Does one thing on {@code cpu}. */
  public void run(Cpu cpu, SplitOperation operation) {
    switch (operation) {
      case TAKE -> take(cpu);
      case DRAIN -> drain(cpu);
      case GIVE -> give(cpu);
      case PAGE -> changePage(cpu);
      case BOTH_ENDS -> change(cpu, boundary() - 3, 6);
      case LARGE_ENDS -> change(cpu, boundary() - BLOCK_PAGES, 2 * BLOCK_PAGES);
      case RECLAIM -> takeWhileReclaiming(cpu);
      case RESTORE -> restore(cpu);
      case HOG -> hog(cpu);
      case SCATTER -> scatter(cpu);
      case SHRINK -> hardened.shrink(cpu, BLOCK_PAGES);
    }
  }

  private boolean take(Cpu cpu) {
    long tablePa = kernel.tables().allocateTable(cpu, 1, hardened.tables());
    if (tablePa == TableSource.NONE) {
      refused++;
      return false;
    }
    tables.push(tablePa);
    return true;
  }

  private void changePage(Cpu cpu) {
    change(cpu, wholeLeaf() * leafPages + 5L, 1);
  }

  /**
   * The page allocator has nothing left and reclaims: on the way a page of a whole leaf changes, as
   * pages of secret memory do, by a task that may use every reserve; then memory is found.
   */
  private void takeWhileReclaiming(Cpu cpu) {
    PageAllocator allocator = kernel.allocator();
    Deque<Long> held = new ArrayDeque<>();
    long pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, BLOCK_ORDER);
    while (pfn != PageAllocator.NONE) {
      held.push(pfn);
      pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, BLOCK_ORDER);
    }
    allocator.setReclaim((reclaimer, order) -> reclaim(reclaimer, held));
    boolean wasTaken = take(cpu);
    allocator.setReclaim(PageAllocator.Reclaim.NOTHING);
    refused += wasTaken ? 0 : 1;
    while (!held.isEmpty()) {
      allocator.free(cpu, held.pop(), BLOCK_ORDER);
    }
  }

  private long reclaim(Cpu cpu, Deque<Long> held) {
    PageAllocator allocator = kernel.allocator();
    allocator.setTaskReserves(task -> AllocFlags.NO_WATERMARKS);
    changePage(cpu);
    allocator.setTaskReserves(TaskReserves.NONE);
    if (held.isEmpty()) {
      return 0;
    }
    allocator.free(cpu, held.pop(), BLOCK_ORDER);
    return BLOCK_PAGES;
  }

  /**
   * Leaves no protected page but the reserve: tables take what is kept, and somebody who may not
   * convert takes what lies on free lists.
   */
  private void drain(Cpu cpu) {
    boolean goesOn = true;
    while (goesOn && hardened.pages().keptPages() > hardened.config().reservedPages()) {
      goesOn = take(cpu);
    }
    PageAllocator allocator = kernel.allocator();
    for (int i = 0; i < TABLES_TO_GIVE && goesOn && allocator.freeUnmappedPages() > 0; i++) {
      goesOn = take(cpu);
    }
    allocator.drainAll();
    for (int order = BLOCK_ORDER; order >= 0; order--) {
      long pfn = 0;
      while (pfn != PageAllocator.NONE && allocator.freeUnmappedPages() > 0) {
        pfn = allocator.allocate(cpu, Gfp.NOWAIT, order, AllocFlags.UNMAPPED);
        allocator.drainAll();
      }
    }
  }

  private void give(Cpu cpu) {
    Long tablePa = tables.poll();
    if (tablePa != null) {
      kernel.tables().freeTable(cpu, tablePa, 1, hardened.tables());
    }
  }

  private void change(Cpu cpu, long pfn, long pages) {
    long va = kernel.directMap().va(pfn);
    if (kernel.directMap().setMemory(cpu, AttributeChange.NOT_PRESENT, va, pages) == 0) {
      changes.push(new Change(pfn, pages));
    } else {
      refused++;
    }
  }

  private void restore(Cpu cpu) {
    Change last = changes.poll();
    if (last != null) {
      long va = kernel.directMap().va(last.pfn);
      int error = kernel.directMap().setMemory(cpu, AttributeChange.PRESENT, va, last.pages);
      refused += error != 0 ? 1 : 0;
    }
  }

  /** The highest of the largest leaves that is whole, which free memory reaches last; or 0. */
  private long wholeLeaf() {
    for (long leaf = LARGEST_LEAVES - 1; leaf > 0; leaf--) {
      if (level(leaf * leafPages) == leafLevel) {
        return leaf;
      }
    }
    return 0;
  }

  /** A frame with such a leaf on either side, or with smaller ones if there is none. */
  private long boundary() {
    for (long leaf = LARGEST_LEAVES - 1; leaf > 1; leaf--) {
      long pfn = leaf * leafPages;
      if (level(pfn - 1) == leafLevel && level(pfn) == leafLevel) {
        return pfn;
      }
    }
    return isMappedByPages() ? BLOCK_PAGES * 4L : leafPages;
  }

  private boolean isMappedByPages() {
    return hardened.config().needsPages();
  }

  private int level(long pfn) {
    return isMappedByPages() ? 1 : kernel.directMap().levelNow(pfn);
  }

  /** Ends when the block that comes next lies in a largest leaf; that one goes back. */
  private void hog(Cpu cpu) {
    PageAllocator allocator = kernel.allocator();
    long pfn = allocator.allocate(cpu, MEMALLOC, BLOCK_ORDER);
    while (pfn != PageAllocator.NONE && level(pfn) != leafLevel) {
      pfn = allocator.allocate(cpu, MEMALLOC, BLOCK_ORDER);
    }
    if (pfn != PageAllocator.NONE) {
      allocator.free(cpu, pfn, BLOCK_ORDER);
    }
  }

  private void scatter(Cpu cpu) {
    if (isScattered) {
      return;
    }
    isScattered = true;
    PageAllocator allocator = kernel.allocator();
    List<Long> blocks = new ArrayList<>();
    for (int order = BLOCK_ORDER; order >= 0; order--) {
      long pfn = allocator.allocate(cpu, MEMALLOC, order);
      while (pfn != PageAllocator.NONE) {
        if (order == BLOCK_ORDER) {
          blocks.add(pfn);
        }
        pfn = allocator.allocate(cpu, MEMALLOC, order);
      }
    }
    for (long block : blocks) {
      allocator.freeToBuddy(cpu.id(), block, FREE_ORDER, /* toTail= */ true);
    }
    // What watermarks kept back until now.
    for (int order = BLOCK_ORDER + 1; order > FREE_ORDER; order--) {
      long pfn = 0;
      while (pfn != PageAllocator.NONE) {
        pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, order);
      }
    }
  }

  /**
   * What tells states apart: pages at hand, leaves, free blocks. States that agree in it are taken
   * for one.
   */
  public String state() {
    return "%d %d %d %d %d %d %b %d"
        .formatted(
            Math.min(hardened.pages().keptPages(), hardened.config().reservedPages() + 2L),
            Math.min(kernel.allocator().freeUnmappedPages(), 2),
            kernel.directMap().leaves(3),
            kernel.directMap().leaves(2),
            Math.min(tables.size(), 2),
            changes.size(),
            isScattered,
            kernel.allocator().freePages() >>> BLOCK_ORDER);
  }

  /** What the oracles have found, the look at every table included. */
  public List<Violation> inspect() {
    return oracles.inspect();
  }

  /** Operations that got an error and changed nothing. */
  public long refused() {
    return refused;
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
