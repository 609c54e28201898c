package org.pagewright.lab.trace.input;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.JsonReader;

/**
 * The complete state of a kernel's allocator, as a debugger read it out of the stopped machine.
 *
 * <p>Free lists and per-CPU lists are in list order, head first. A free list is found by order and
 * migratetype, a per-CPU list by the kernel's own index.
 */
public final class RecordedState {
  public static final int ORDERS = 11;
  public static final int MIGRATETYPES = 8;

  /** Pages of a pageblock on the architectures that are recorded. */
  public static final int PAGEBLOCK_PAGES = 512;

  private static final byte MOVABLE = 1;
  private static final int PCP_LISTS = 14;

  /** One CPU's lists of a zone. */
  public static final class Pcp {
    public final int count;
    public final int high;
    public final int batch;
    public final int freeFactor;
    public final long[][] lists;

    private Pcp(int count, int high, int batch, int freeFactor, long[][] lists) {
      this.count = count;
      this.high = high;
      this.batch = batch;
      this.freeFactor = freeFactor;
      this.lists = lists;
    }
  }

  /** One zone. */
  public static final class Zone {
    public final String name;
    public final long startPfn;
    public final long spannedPages;
    public final long presentPages;
    public final long managedPages;

    /** Min, low, high and promo. */
    public final long[] watermarks;

    public final long watermarkBoost;
    public final long[] lowmemReserve;
    public final long freePagesCounter;
    public final long[][][] freeLists = new long[ORDERS][MIGRATETYPES][0];
    public final List<Pcp> pcps = new ArrayList<>();
    public final long firstPageblockPfn;

    /** Migratetypes of the pageblocks, from the one that holds {@link #firstPageblockPfn}. */
    public final byte[] pageblocks;

    /** A zone with nothing on its lists and {@code cpus} empty sets of per-CPU lists. */
    public Zone(String name, long startPfn, long spannedPages, long managedPages, int cpus) {
      this.name = name;
      this.startPfn = startPfn;
      this.spannedPages = spannedPages;
      this.presentPages = managedPages;
      this.managedPages = managedPages;
      watermarks = new long[4];
      watermarkBoost = 0;
      lowmemReserve = new long[5];
      freePagesCounter = 0;
      firstPageblockPfn = startPfn & -PAGEBLOCK_PAGES;
      long blocks = (startPfn + spannedPages - firstPageblockPfn - 1) / PAGEBLOCK_PAGES + 1;
      pageblocks = new byte[(int) (spannedPages == 0 ? 0 : blocks)];
      Arrays.fill(pageblocks, MOVABLE);
      for (int cpu = 0; cpu < cpus; cpu++) {
        pcps.add(new Pcp(0, 0, 1, 0, new long[PCP_LISTS][0]));
      }
    }

    private Zone(Fields fields) {
      name = fields.string("name");
      startPfn = fields.number("start_pfn");
      spannedPages = fields.number("spanned_pages");
      presentPages = fields.number("present_pages");
      managedPages = fields.number("managed_pages");
      watermarks = fields.numbers("watermark_min_low_high_promo");
      watermarkBoost = fields.number("watermark_boost");
      lowmemReserve = fields.numbers("lowmem_reserve");
      freePagesCounter = fields.number("nr_free_pages_counter");
      firstPageblockPfn = fields.number("pageblock_first_pfn");
      pageblocks = fields.digits("pageblock_migratetype");
      readLists(fields.object("free_list"));
      for (Fields pcp : fields.objects("pcp")) {
        pcps.add(
            new Pcp(
                (int) pcp.number("count"),
                (int) pcp.number("high"),
                (int) pcp.number("batch"),
                (int) pcp.number("free_factor"),
                pcp.lists("lists")));
      }
    }

    private void readLists(Fields orders) {
      for (int order = 0; order < ORDERS; order++) {
        Fields byType = orders.object(String.valueOf(order));
        for (int type = 0; type < MIGRATETYPES; type++) {
          String key = String.valueOf(type);
          if (byType.has(key)) {
            freeLists[order][type] = byType.numbers(key);
          }
        }
      }
    }

    /** Free pages on the free lists. */
    public long freePages() {
      long pages = 0;
      for (int order = 0; order < ORDERS; order++) {
        for (long[] list : freeLists[order]) {
          pages += (long) list.length << order;
        }
      }
      return pages;
    }

    /** Free blocks of {@code order} and {@code type}. */
    public int freeBlocks(int order, int type) {
      return freeLists[order][type].length;
    }

    @Override
    public String toString() {
      return name + " " + freePages() + " pages free";
    }
  }

  /** An object of the file, with its path for complaints. */
  private record Fields(String file, String path, Map<String, Object> values) {
    private BadInput bad(String key, String expected) {
      String found = values.containsKey(key) ? "has another form" : "is missing";
      return new BadInput(file, path + key + " " + found, expected);
    }

    boolean has(String key) {
      return values.containsKey(key);
    }

    long number(String key) {
      if (values.get(key) instanceof Long number && number >= 0) {
        return number;
      }
      throw bad(key, "a number that is not negative");
    }

    String string(String key) {
      if (values.get(key) instanceof String string) {
        return string;
      }
      throw bad(key, "a string");
    }

    byte[] digits(String key) {
      String text = string(key);
      byte[] digits = new byte[text.length()];
      for (int i = 0; i < digits.length; i++) {
        digits[i] = (byte) (text.charAt(i) - '0');
        if (digits[i] < 0 || digits[i] >= MIGRATETYPES) {
          throw bad(key, "digits from 0 to " + (MIGRATETYPES - 1));
        }
      }
      return digits;
    }

    private List<?> list(String key) {
      if (values.get(key) instanceof List<?> list) {
        return list;
      }
      throw bad(key, "an array");
    }

    long[] numbers(String key) {
      return numbers(key, list(key));
    }

    private long[] numbers(String key, List<?> list) {
      long[] numbers = new long[list.size()];
      for (int i = 0; i < numbers.length; i++) {
        if (!(list.get(i) instanceof Long number) || number < 0) {
          throw bad(key, "an array of numbers that are not negative");
        }
        numbers[i] = number;
      }
      return numbers;
    }

    long[][] lists(String key) {
      List<?> list = list(key);
      long[][] lists = new long[list.size()][];
      for (int i = 0; i < lists.length; i++) {
        if (!(list.get(i) instanceof List<?> inner)) {
          throw bad(key, "an array of arrays");
        }
        lists[i] = numbers(key, inner);
      }
      return lists;
    }

    Fields object(String key) {
      return object(key, values.get(key));
    }

    private Fields object(String key, @Nullable Object value) {
      if (value instanceof Map<?, ?> map) {
        Map<String, Object> inner = new LinkedHashMap<>();
        map.forEach((name, content) -> inner.put((String) name, content));
        return new Fields(file, path + key + ".", inner);
      }
      throw bad(key, "an object");
    }

    List<Fields> objects(String key) {
      List<Fields> objects = new ArrayList<>();
      for (Object value : list(key)) {
        objects.add(object(key, value));
      }
      return objects;
    }
  }

  private final long[] eventsBefore;
  private final List<Zone> zones = new ArrayList<>();

  private RecordedState(Fields fields) {
    eventsBefore = fields.numbers("trace_events_before_this");
    for (Fields zone : fields.objects("zones")) {
      zones.add(new Zone(zone));
    }
  }

  /** A state of {@code zones} before the first event. */
  public RecordedState(List<Zone> zones) {
    eventsBefore = new long[0];
    this.zones.addAll(zones);
  }

  /** The state that {@code text} holds. */
  public static RecordedState parse(String file, String text) {
    return new RecordedState(new Fields(file, "", JsonReader.object(file, text)));
  }

  /** Events of {@code cpu} that precede this state. */
  public long eventsBefore(int cpu) {
    return cpu < eventsBefore.length ? eventsBefore[cpu] : 0;
  }

  public List<Zone> zones() {
    return zones;
  }

  /** CPUs that have per-CPU lists. */
  public int cpus() {
    return zones.isEmpty() ? 0 : zones.getFirst().pcps.size();
  }

  @Override
  public String toString() {
    return zones + " after " + Arrays.toString(eventsBefore);
  }
}
