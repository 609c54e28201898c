package org.pagewright.kernel.tablelife;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * Tables as one architecture makes them: in pages of their own, as parts of a page, or as slab
 * objects; constructed where that version of Linux constructs them.
 *
 * <p>Models {@code pte_fragment_alloc()} (powerpc), {@code get_pointer_table()} (m68k), {@code
 * srmmu_get_nocache()} (sparc32) and {@code pagetable_alloc()}: parts are kept apart by level and
 * by whether the kernel owns them. Each part's life is an event, so that a checker can tell a page
 * that is freed while parts of it are in use.
 */
public final class RowTables {
  /** No table can be had. */
  public static final long NONE = -1;

  private static final int BASE_PAGE_SHIFT = 12;

  private final ArchTableRow row;
  private final LinuxVersion version;
  private final PageAllocator allocator;
  private final TableConstructors constructors;
  private final EventLog events;
  private final Map<Long, SharedPage> shared = new HashMap<>();
  private final List<Deque<SharedPage>> partlyFree = new ArrayList<>();

  /** Tables of one row, from pages of 4 KiB. */
  public RowTables(
      ArchTableRow row,
      LinuxVersion version,
      PageAllocator allocator,
      TableConstructors constructors,
      EventLog events) {
    this.row = row;
    this.version = version;
    this.allocator = allocator;
    this.constructors = constructors;
    this.events = events;
    for (int i = 0; i < 2 * (ArchTableRow.LEVELS + 1); i++) {
      partlyFree.add(new ArrayDeque<>());
    }
  }

  /** Takes a table of {@code level} for {@code owner}, or answers {@link #NONE}. */
  public long allocate(Cpu cpu, int level, TableOwner owner) {
    TableShape shape = row.shape(level);
    if (!shape.exists()) {
      throw new IllegalArgumentException(row.name() + " has no tables of level " + level);
    }
    if (shape.unit() == TableShape.Unit.PAGE) {
      long pfn = takePage(cpu, level, owner);
      return pfn == PageAllocator.NONE ? NONE : pfn << BASE_PAGE_SHIFT;
    }
    Deque<SharedPage> pages = partlyFree(level, owner);
    SharedPage page = pages.peek();
    if (page == null) {
      long pfn = takePage(cpu, level, owner);
      if (pfn == PageAllocator.NONE) {
        return NONE;
      }
      page = new SharedPage(pfn, level, owner, partsOf(shape));
      shared.put(pfn, page);
      pages.push(page);
    }
    long pa = (page.pfn << BASE_PAGE_SHIFT) + page.take() * shape.bytes();
    if (page.isFull()) {
      pages.remove(page);
    }
    events.record(TableEvent.PART_TAKEN, cpu.id(), pa, level, shape.bytes());
    return pa;
  }

  /** Gives a table back as its architecture does: the page goes with its last part. */
  public void free(Cpu cpu, long pa, int level) {
    SharedPage page = shared.get(firstPfn(pa, level));
    if (page == null) {
      freePage(cpu, pa >>> BASE_PAGE_SHIFT, level);
      return;
    }
    TableShape shape = row.shape(level);
    events.record(TableEvent.PART_GIVEN, cpu.id(), pa, level, shape.bytes());
    boolean wasFull = page.isFull();
    page.give((int) ((pa - (page.pfn << BASE_PAGE_SHIFT)) / shape.bytes()));
    Deque<SharedPage> pages = partlyFree(level, page.owner);
    if (page.isEmpty()) {
      pages.remove(page);
      shared.remove(page.pfn);
      freePage(cpu, page.pfn, level);
    } else if (wasFull) {
      pages.push(page);
    }
  }

  /**
   * Gives a table back as if it had a descriptor of its own, which is all that code for all
   * architectures can know ({@code __tlb_remove_table()} of asm-generic/tlb.h).
   */
  public void freeAsDescriptor(Cpu cpu, long pa, int level) {
    long pfn = firstPfn(pa, level);
    SharedPage page = shared.remove(pfn);
    if (page != null) {
      partlyFree(level, page.owner).remove(page);
    }
    freePage(cpu, pfn, level);
  }

  private long firstPfn(long pa, int level) {
    return pa >>> BASE_PAGE_SHIFT & -(1L << order(level));
  }

  private long takePage(Cpu cpu, int level, TableOwner owner) {
    int order = order(level);
    long pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.ZERO, order);
    if (pfn == PageAllocator.NONE || !constructs(level, owner)) {
      return pfn;
    }
    if (constructors.construct(cpu, pfn, level, order, owner) != 0) {
      allocator.free(cpu, pfn, order);
      return PageAllocator.NONE;
    }
    return pfn;
  }

  private void freePage(Cpu cpu, long pfn, int level) {
    if (constructors.descriptor(pfn) != null) {
      constructors.destruct(cpu, pfn);
    }
    allocator.free(cpu, pfn, order(level));
  }

  private boolean constructs(int level, TableOwner owner) {
    return row.constructs(level, !owner.mayLockTables(), version);
  }

  /** Pages of 4 KiB as a power of two: a table, or the page that tables share. */
  private int order(int level) {
    TableShape shape = row.shape(level);
    long bytes = Math.max(shape.bytes(), 1L << row.pageShift());
    return Long.numberOfTrailingZeros(Long.highestOneBit(bytes)) - BASE_PAGE_SHIFT;
  }

  private int partsOf(TableShape shape) {
    long perPage = Math.max(1, (1L << row.pageShift()) / shape.bytes());
    return shape.unit() == TableShape.Unit.SLAB ? (int) perPage : shape.perPage();
  }

  private Deque<SharedPage> partlyFree(int level, TableOwner owner) {
    return partlyFree.get(2 * level + (owner.mayLockTables() ? 1 : 0));
  }

  /** Pages that hold parts now. */
  public int sharedPages() {
    return shared.size();
  }

  /** A page that several tables share. */
  private static final class SharedPage {
    private final long pfn;
    private final int level;
    private final TableOwner owner;
    private final boolean[] isTaken;
    private int taken;

    SharedPage(long pfn, int level, TableOwner owner, int parts) {
      this.pfn = pfn;
      this.level = level;
      this.owner = owner;
      this.isTaken = new boolean[parts];
    }

    int take() {
      for (int i = 0; i < isTaken.length; i++) {
        if (!isTaken[i]) {
          isTaken[i] = true;
          taken++;
          return i;
        }
      }
      throw new AssertionError("frame " + pfn + " of level " + level + " is full");
    }

    void give(int part) {
      assert isTaken[part] : part;
      isTaken[part] = false;
      taken--;
    }

    boolean isFull() {
      return taken == isTaken.length;
    }

    boolean isEmpty() {
      return taken == 0;
    }
  }

  /** The row that these tables follow. */
  public ArchTableRow row() {
    return row;
  }

  /** Its descriptor, or null where the table has none. */
  public @Nullable PageTableDescriptor descriptor(long pa, int level) {
    return constructors.descriptor(firstPfn(pa, level));
  }
}
