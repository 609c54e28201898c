package org.pagewright.lab.trace.input;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.lab.report.BadInput;

/**
 * What happened to an allocator without a trace event, as recorded beside a trace.
 *
 * <p>A file of comma-separated values: {@code after_cpu0[,after_cpu1...],cpu,what,order,
 * migratetype,gfp,count,pfns}. A step comes before the next event once every CPU has as many events
 * behind it as its {@code after} column says.
 */
public final class HiddenSteps {
  /** Kinds of step. */
  public enum What {
    /** {@code __alloc_pages_bulk()} took order-0 pages from a per-CPU list. */
    ALLOC_BULK,
    /** One allocation while events were off. */
    ALLOC_UNTRACED,
    /** Every CPU's high and batch of a zone were set. */
    PCP_SET,
    /** The CPU's next free hands boot memory over, {@code __free_pages_core()}. */
    FREE_CORE_NEXT_EVENT,
    /** kswapd starts to balance the node. */
    BALANCE_PGDAT,
    /** kswapd is done. */
    BALANCE_PGDAT_END,
    /** Compaction takes a free block. */
    ISOLATE_FREE_PAGE,
    /** A pageblock's migratetype is stored. */
    SET_PAGEBLOCK,
    /** Every per-CPU list is emptied. */
    DRAIN_ALL_PAGES,
    /** A highatomic block may be given back. */
    UNRESERVE_HIGHATOMIC_PAGEBLOCK
  }

  /** One step; numbers that its kind has no use for are 0, the zone empty. */
  public record Step(
      List<Long> after,
      int cpu,
      What what,
      String zone,
      int order,
      int migratetype,
      int gfp,
      int count,
      List<Long> pfns,
      int high,
      int batch,
      long line) {}

  private static final String[] COLUMNS = {
    "cpu", "what", "order", "migratetype", "gfp", "count", "pfns"
  };

  /** Recorded for the reader's information: the bulk request became ordinary events. */
  private static final String NOTHING_TO_DO = "alloc_bulk_as_traced_event";

  private final String file;
  private final List<Step> steps = new ArrayList<>();
  private final Map<String, Long> ignored = new TreeMap<>();
  private int cpus;

  private HiddenSteps(String file) {
    this.file = file;
  }

  /** The steps of {@code text}. */
  public static HiddenSteps parse(String file, String text) {
    HiddenSteps hidden = new HiddenSteps(file);
    String[] lines = text.split("\n", -1);
    hidden.readHeader(lines[0].strip());
    for (int i = 1; i < lines.length; i++) {
      String line = lines[i].strip();
      if (!line.isEmpty()) {
        hidden.readStep(line, i + 1);
      }
    }
    return hidden;
  }

  public List<Step> steps() {
    return steps;
  }

  /** Kinds of step that nobody knows, with their number. */
  public Map<String, Long> ignored() {
    return ignored;
  }

  private void readHeader(String header) {
    String[] names = header.split(",", -1);
    cpus = names.length - COLUMNS.length;
    boolean isRight = cpus > 0;
    for (int i = 0; isRight && i < names.length; i++) {
      isRight = names[i].equals(i < cpus ? "after_cpu" + i : COLUMNS[i - cpus]);
    }
    if (!isRight) {
      throw new BadInput(file, 1, "columns \"" + header + "\"", "after_cpu0,cpu,what,...");
    }
  }

  private void readStep(String line, long number) {
    String[] fields = line.split(",", -1);
    if (fields.length != cpus + COLUMNS.length) {
      String what = fields.length + " columns";
      throw new BadInput(file, number, what, (cpus + COLUMNS.length) + " as in the header");
    }
    List<Long> after = new ArrayList<>();
    for (int cpu = 0; cpu < cpus; cpu++) {
      after.add(number(fields[cpu], number, Long.MAX_VALUE));
    }
    String name = fields[cpus + 1];
    int colon = name.indexOf(':');
    String what = colon < 0 ? name : name.substring(0, colon);
    String zone = colon < 0 ? "" : name.substring(colon + 1);
    if (what.equals(NOTHING_TO_DO)) {
      return;
    }
    if (!isKnown(what)) {
      ignored.merge(what, 1L, Long::sum);
      return;
    }
    What kind = What.valueOf(what.toUpperCase(Locale.ROOT));
    boolean isSetting = kind == What.PCP_SET;
    steps.add(
        new Step(
            after,
            (int) number(fields[cpus], number, TraceReader.CPUS_MAX - 1),
            kind,
            zone,
            (int) number(fields[cpus + 2], number, 63),
            (int) number(fields[cpus + 3], number, 15),
            (int) number(fields[cpus + 4], number, 0xffff_ffffL),
            isSetting ? 0 : (int) number(fields[cpus + 5], number, Integer.MAX_VALUE),
            frames(fields[cpus + 6], number),
            isSetting ? setting(fields[cpus + 5], "high", number) : 0,
            isSetting ? setting(fields[cpus + 5], "batch", number) : 0,
            number));
  }

  private static boolean isKnown(String what) {
    return Arrays.stream(What.values())
        .anyMatch(known -> known.name().toLowerCase(Locale.ROOT).equals(what));
  }

  /** The value behind {@code key=} in {@code high=4 batch=1}. */
  private int setting(String field, String key, long line) {
    for (String part : field.split(" ", -1)) {
      if (part.startsWith(key + "=")) {
        return (int) number(part.substring(key.length() + 1), line, Integer.MAX_VALUE);
      }
    }
    throw new BadInput(file, line, "\"" + field + "\"", "high=N batch=N");
  }

  private List<Long> frames(String field, long line) {
    List<Long> frames = new ArrayList<>();
    if (!field.isEmpty()) {
      for (String part : field.split(" ", -1)) {
        frames.add(number(part, line, Long.MAX_VALUE));
      }
    }
    return frames;
  }

  private long number(String field, long line, long max) {
    if (field.isEmpty()) {
      return 0;
    }
    boolean isHex = field.startsWith("0x");
    try {
      long value = Long.parseLong(isHex ? field.substring(2) : field, isHex ? 16 : 10);
      if (value >= 0 && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Reported below like a number out of range.
    }
    throw new BadInput(file, line, "\"" + field + "\"", "a number from 0 to " + max);
  }
}
