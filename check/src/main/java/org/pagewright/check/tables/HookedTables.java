package org.pagewright.check.tables;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.UserRange;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * What entry writes show of the user tables of processes: which hang in a top table, where, and
 * which frames their leaves map.
 *
 * <p>It follows processes that are made while it listens; the kernel's own entries and those of
 * mm-local regions are none of its business. The leaves of a table that hangs nowhere any more
 * still map their pages until it is destructed or queued to be. A leaf that nobody may use still
 * maps its page, unless its page is on its way to another frame: then the leaf lacks the mark of
 * having been used.
 */
public final class HookedTables implements EventLog.Reader {
  /** Where a table hangs: its process, and the first address that it translates. */
  record Place(long context, long va) {}

  /** A table that hangs somewhere; one of huge pages may hang in several processes. */
  static final class Table {
    private final long pa;
    private final int level;
    private final List<Place> places = new ArrayList<>();

    Table(long pa, int level) {
      this.pa = pa;
      this.level = level;
    }

    int level() {
      return level;
    }

    List<Place> places() {
      return places;
    }
  }

  /** How often a page is mapped, and how often so that user mode may write. */
  private static final class Maps {
    private int all;
    private int writable;
  }

  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.ENTRY_WRITE,
          MmEvent.MM_CREATED,
          MmEvent.MM_DESTROYED,
          TableEvent.QUEUED,
          TableEvent.DESTRUCTED,
          KernelEvent.TABLE_FREED);

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final long userEnd;

  /** Tables that hang somewhere, by frame. */
  private final Map<Long, Table> tables = new HashMap<>();

  /** Frames of top tables by process. */
  private final Map<Long, Long> roots = new HashMap<>();

  /** Small pages that are mapped, by frame, and huge ones by their first frame. */
  private final Map<Long, Maps> small = new HashMap<>();

  private final TreeMap<Long, Maps> huge = new TreeMap<>();
  private long hugePages = 1;

  /** No process was made yet, or none of those counts. */
  public HookedTables(WatchedKernel kernel) {
    this.memory = kernel.machine().memory();
    this.format = kernel.machine().format();
    this.userEnd = UserRange.end(format);
  }

  @Override
  public EventLog.Kinds kinds() {
    return KINDS;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.ENTRY_WRITE -> written(a, b, c);
      case MmEvent.MM_CREATED -> {
        roots.put(a, b >>> format.pageShift());
        hook(b, format.topLevel(), new Place(a, 0));
      }
      case MmEvent.MM_DESTROYED -> {
        Long root = roots.remove(a);
        if (root != null) {
          unhook(root << format.pageShift(), new Place(a, 0));
          drop(root);
        }
      }
      case TableEvent.QUEUED, TableEvent.DESTRUCTED, KernelEvent.TABLE_FREED -> drop(a);
      default -> {}
    }
  }

  /** Where the top table of a process is; -1 when it has none any more. */
  long rootPa(long context) {
    Long root = roots.get(context);
    return root == null ? -1 : root << format.pageShift();
  }

  private void written(long entryPa, long old, long entry) {
    Table table = tables.get(entryPa >>> format.pageShift());
    if (table == null || old == entry) {
      return;
    }
    for (int i = 0; i < table.places.size(); i++) {
      Place place = table.places.get(i);
      if (isUser(va(table, place, entryPa))) {
        removeTable(table, place, entryPa, old);
        addTable(table, place, entryPa, entry);
      }
    }
    if (table.places.isEmpty() || isUserEntry(table, entryPa)) {
      count(old, table.level, -1);
      count(entry, table.level, 1);
    }
  }

  private boolean isUser(long va) {
    return Long.compareUnsigned(va, userEnd) < 0;
  }

  private void addTable(Table table, Place place, long entryPa, long entry) {
    if (table.level > 1 && format.isTable(entry, table.level)) {
      long childPa = format.pa(entry, table.level);
      hook(childPa, table.level - 1, new Place(place.context, va(table, place, entryPa)));
    }
  }

  private void removeTable(Table table, Place place, long entryPa, long entry) {
    if (table.level > 1 && format.isTable(entry, table.level)) {
      long childPa = format.pa(entry, table.level);
      unhook(childPa, new Place(place.context, va(table, place, entryPa)));
    }
  }

  private void hook(long tablePa, int level, Place place) {
    long frame = tablePa >>> format.pageShift();
    boolean isNew = !tables.containsKey(frame);
    Table table = tables.computeIfAbsent(frame, key -> new Table(tablePa, level));
    table.places.add(place);
    eachUserEntry(
        table,
        place,
        (entryPa, entry) -> {
          addTable(table, place, entryPa, entry);
          if (isNew) {
            count(entry, level, 1);
          }
        });
  }

  /** Leaves of a table that hangs nowhere go on to count until it is a table no more. */
  private void unhook(long tablePa, Place place) {
    Table table = tables.get(tablePa >>> format.pageShift());
    if (table != null && table.places.remove(place)) {
      eachUserEntry(table, place, (entryPa, entry) -> removeTable(table, place, entryPa, entry));
    }
  }

  /** A table that hangs nowhere is on its way out. */
  private void drop(long frame) {
    Table table = tables.get(frame);
    if (table != null && table.places.isEmpty()) {
      Place somewhere = new Place(0, 0);
      eachUserEntry(table, somewhere, (entryPa, entry) -> count(entry, table.level, -1));
      tables.remove(frame);
    }
  }

  /** Looks at an entry that is not empty. */
  @FunctionalInterface
  private interface EntryReader {
    void entry(long entryPa, long entry);
  }

  private void eachUserEntry(Table table, Place place, EntryReader reader) {
    long entries = format.level(table.level).entries();
    for (long i = 0; i < entries; i++) {
      long entryPa = table.pa + i * Long.BYTES;
      long entry = format.fromMemory(memory.read(entryPa));
      if (entry != format.empty(table.level) && isUser(va(table, place, entryPa))) {
        reader.entry(entryPa, entry);
      }
    }
  }

  // ---- pages

  private void count(long entry, int level, int by) {
    if (!isMapping(entry, level)) {
      return;
    }
    long pfn = pfn(entry, level);
    if (level > 1) {
      hugePages = Math.max(hugePages, format.levelBytes(level) >>> format.pageShift());
    }
    Map<Long, Maps> maps = level == 1 ? small : huge;
    Maps known = maps.computeIfAbsent(pfn, key -> new Maps());
    known.all += by;
    known.writable += allowsWrite(entry, level) ? by : 0;
    if (known.all == 0) {
      maps.remove(pfn);
    }
  }

  /** Whether an entry is a leaf with a page that is where it says. */
  boolean isMapping(long entry, int level) {
    if (entry == format.empty(level) || format.isTable(entry, level)) {
      return false;
    }
    if (format.isPresent(entry, level)) {
      return true;
    }
    long shown = entry | format.level(level).presentValue();
    return (format.rights(shown, level) & Rights.ACCESSED) != 0;
  }

  boolean allowsWrite(long entry, int level) {
    return format.isPresent(entry, level)
        && !format.isTable(entry, level)
        && (format.rights(entry, level) & Rights.USER_WRITE) != 0;
  }

  /** The frame of a leaf, present or not. */
  long pfn(long entry, int level) {
    return ((entry & format.level(level).leafAddress()) << format.addressShift())
        >>> format.pageShift();
  }

  /** How many leaves map a frame, by itself or within a larger page. */
  int maps(long pfn) {
    Maps one = small.get(pfn);
    Maps around = around(pfn);
    return (one == null ? 0 : one.all) + (around == null ? 0 : around.all);
  }

  /** How many of them let user mode write. */
  int writableMaps(long pfn) {
    Maps one = small.get(pfn);
    Maps around = around(pfn);
    return (one == null ? 0 : one.writable) + (around == null ? 0 : around.writable);
  }

  /** How many leaves map a block of frames or parts of it. */
  long mapsWithin(long pfn, long pages) {
    long sum = 0;
    for (long at = pfn; at < pfn + pages; at++) {
      Maps one = small.get(at);
      sum += one == null ? 0 : one.all;
    }
    Maps around = around(pfn);
    return sum + (around == null ? 0 : around.all);
  }

  private @Nullable Maps around(long pfn) {
    Map.Entry<Long, Maps> below = huge.floorEntry(pfn);
    return below != null && pfn < below.getKey() + hugePages ? below.getValue() : null;
  }

  // ---- tables

  /** The table in which an entry stands, if that hangs in a top table; else null. */
  @Nullable Table at(long entryPa) {
    Table table = tables.get(entryPa >>> format.pageShift());
    return table == null || table.places.isEmpty() ? null : table;
  }

  /** Whether the table in a frame hangs in a top table. */
  boolean isHooked(long pfn) {
    Table table = tables.get(pfn);
    return table != null && !table.places.isEmpty();
  }

  /** First address that an entry of a table translates where that hangs. */
  long va(Table table, Place place, long entryPa) {
    return place.va + (entryPa - table.pa) / Long.BYTES * format.levelBytes(table.level);
  }

  /** Whether user mode has to do with what an entry of a table translates. */
  boolean isUserEntry(Table table, long entryPa) {
    return isUser(va(table, table.places.getFirst(), entryPa));
  }

  /** Takes tables that hang somewhere, without top tables. */
  @FunctionalInterface
  interface TableReader {
    void table(long pfn, Table table);
  }

  void forEachTable(TableReader reader) {
    tables.forEach((pfn, table) -> {
      if (table.level < format.topLevel() && !table.places.isEmpty()) {
        reader.table(pfn, table);
      }
    });
  }
}
