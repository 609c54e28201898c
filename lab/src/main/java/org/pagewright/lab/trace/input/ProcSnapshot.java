package org.pagewright.lab.trace.input;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.BadInput;

/**
 * The allocator as {@code /proc} showed it: buddyinfo, pagetypeinfo and zoneinfo.
 *
 * <p>Read from one file whose parts start with {@code ==> /proc/NAME}, or from a folder with a file
 * for each. Lines that say nothing about the page allocator are passed over.
 */
public final class ProcSnapshot {
  /** Orders that {@code /proc} prints. */
  public static final int ORDERS = 11;

  /** What zoneinfo says about one CPU's per-CPU lists of a zone. */
  public record Pcp(long count, long high, long batch, long highMin, long highMax) {}

  /** One zone of one node; what no file said is -1 or empty. */
  public static final class Zone {
    public final int node;
    public final String name;
    public final long[] freeBlocks = filled(ORDERS);
    public final Map<String, long[]> freeBlocksByType = new LinkedHashMap<>();
    public final Map<String, Long> pageblocksByType = new LinkedHashMap<>();
    private final Map<String, Long> values = new LinkedHashMap<>();
    public final List<Pcp> pcps = new ArrayList<>();
    public long[] protection = {};

    /** Whether pagetypeinfo capped a count: {@code >100000}. */
    public boolean isCapped;

    Zone(int node, String name) {
      this.node = node;
      this.name = name;
    }

    /** A value of zoneinfo such as {@code min}, or -1. */
    public long value(String key) {
      return values.getOrDefault(key, -1L);
    }
  }

  private static final Pattern ZONE = Pattern.compile("Node +(\\d+), zone +(\\w+)");
  private static final Pattern BUDDY = Pattern.compile("Node +(\\d+), zone +(\\w+) +([\\d ]+)");
  private static final Pattern TYPED =
      Pattern.compile("Node +(\\d+), zone +(\\w+), type +(\\w+) +([>\\d ]+)");
  private static final Pattern BLOCK_TYPES = Pattern.compile("Number of blocks type +(.*)");
  private static final Pattern PART = Pattern.compile("==> /proc/(\\w+).*");
  private static final Pattern VALUE = Pattern.compile("(?:pages )?(\\w+) +(\\d+)");
  private static final Pattern PCP_VALUE = Pattern.compile("(\\w+): +(\\d+)");
  private static final Pattern PROTECTION = Pattern.compile("protection: \\(([\\d, ]+)\\)");
  private static final Pattern THRESHOLD = Pattern.compile("vm stats threshold: +(\\d+)");

  private final String file;
  private final Map<String, Zone> zones = new LinkedHashMap<>();
  private String part = "";
  private List<String> blockTypes = List.of();
  private @Nullable Zone zone;
  private long line;

  private ProcSnapshot(String file) {
    this.file = file;
  }

  /** The snapshot in {@code text}. */
  public static ProcSnapshot parse(String file, String text) {
    ProcSnapshot snapshot = new ProcSnapshot(file);
    snapshot.read(text);
    return snapshot.checked();
  }

  /** The snapshot in the files of {@code folder}. */
  public static ProcSnapshot ofFolder(Path folder) throws IOException {
    ProcSnapshot snapshot = new ProcSnapshot(folder.toString());
    for (String name : List.of("buddyinfo", "pagetypeinfo", "zoneinfo")) {
      Path file = folder.resolve(name);
      if (Files.exists(file)) {
        snapshot.part = name;
        snapshot.line = 0;
        snapshot.read(Files.readString(file));
      }
    }
    return snapshot.checked();
  }

  /** Zones in the order of the files. */
  public List<Zone> zones() {
    return List.copyOf(zones.values());
  }

  /** The zone called {@code name} of node 0, or null. */
  public @Nullable Zone zone(String name) {
    return zones.get("0/" + name);
  }

  /** CPUs with per-CPU lists. */
  public int cpus() {
    return zones.values().stream().mapToInt(known -> known.pcps.size()).max().orElse(0);
  }

  /** Whether per-CPU lists have two bounds, as from Linux 6.7 on. */
  public boolean hasTunedLists() {
    return zones.values().stream()
        .flatMap(known -> known.pcps.stream())
        .anyMatch(pcp -> pcp.highMax() >= 0);
  }

  /** Whether free pages in whole pageblocks are counted, as from Linux 6.16 on. */
  public boolean hasBlockCounter() {
    return zones.values().stream().anyMatch(known -> known.value("nr_free_pages_blocks") >= 0);
  }

  private ProcSnapshot checked() {
    if (zones.isEmpty()) {
      throw new BadInput(file, "no zone found", "buddyinfo, pagetypeinfo or zoneinfo of /proc");
    }
    return this;
  }

  private void read(String text) {
    for (String raw : text.split("\n", -1)) {
      line++;
      String entry = raw.strip();
      Matcher start = PART.matcher(entry);
      if (start.matches()) {
        part = start.group(1);
        zone = null;
        continue;
      }
      switch (part) {
        case "buddyinfo" -> readBuddy(entry);
        case "pagetypeinfo" -> readTyped(entry);
        case "zoneinfo" -> readZone(entry);
        default -> {}
      }
    }
  }

  private Zone zone(Matcher named) {
    int node = Integer.parseInt(named.group(1));
    String key = node + "/" + named.group(2);
    return zones.computeIfAbsent(key, absent -> new Zone(node, named.group(2)));
  }

  private void readBuddy(String entry) {
    Matcher buddy = BUDDY.matcher(entry);
    if (buddy.matches()) {
      Zone found = zone(buddy);
      counts(found, buddy.group(3), found.freeBlocks);
    } else if (!entry.isEmpty()) {
      throw new BadInput(file, line, clip(entry), "Node N, zone NAME and " + ORDERS + " counts");
    }
  }

  private void readTyped(String entry) {
    Matcher typed = TYPED.matcher(entry);
    Matcher types = BLOCK_TYPES.matcher(entry);
    Matcher blocks = BUDDY.matcher(entry);
    if (typed.matches()) {
      long[] counts = filled(ORDERS);
      Zone found = zone(typed);
      counts(found, typed.group(4), counts);
      found.freeBlocksByType.put(typed.group(3), counts);
    } else if (types.matches()) {
      blockTypes = List.of(types.group(1).strip().split(" +", -1));
    } else if (blocks.matches()) {
      readBlocks(blocks);
    }
  }

  private void readBlocks(Matcher blocks) {
    String[] counts = blocks.group(3).strip().split(" +", -1);
    if (counts.length != blockTypes.size()) {
      throw new BadInput(file, line, counts.length + " counts", blockTypes.size() + " by type");
    }
    Zone found = zone(blocks);
    for (int type = 0; type < counts.length; type++) {
      found.pageblocksByType.put(blockTypes.get(type), number(counts[type]));
    }
  }

  private void counts(Zone found, String text, long[] counts) {
    String[] parts = text.strip().split(" +", -1);
    if (parts.length != ORDERS) {
      throw new BadInput(file, line, parts.length + " counts", ORDERS + ", orders 0 to 10");
    }
    for (int order = 0; order < ORDERS; order++) {
      boolean isCapped = parts[order].startsWith(">");
      found.isCapped |= isCapped;
      counts[order] = number(isCapped ? parts[order].substring(1) : parts[order]);
    }
  }

  private void readZone(String entry) {
    Matcher start = ZONE.matcher(entry);
    if (start.matches()) {
      zone = zone(start);
      return;
    }
    Zone into = zone;
    if (into == null) {
      return;
    }
    Matcher value = VALUE.matcher(entry);
    Matcher pcp = PCP_VALUE.matcher(entry);
    Matcher protection = PROTECTION.matcher(entry);
    Matcher threshold = THRESHOLD.matcher(entry);
    if (value.matches()) {
      into.values.putIfAbsent(value.group(1), number(value.group(2)));
    } else if (protection.matches()) {
      String[] parts = protection.group(1).split(", *");
      into.protection = Arrays.stream(parts).mapToLong(this::number).toArray();
    } else if (threshold.matches()) {
      into.values.put("threshold", number(threshold.group(1)));
    } else if (pcp.matches()) {
      readPcp(into, pcp.group(1), number(pcp.group(2)));
    }
  }

  private static void readPcp(Zone into, String key, long number) {
    if (key.equals("cpu")) {
      into.pcps.add(new Pcp(-1, -1, -1, -1, -1));
      return;
    }
    if (into.pcps.isEmpty() || key.equals("start_pfn")) {
      into.values.putIfAbsent(key, number);
      return;
    }
    Pcp old = into.pcps.removeLast();
    into.pcps.add(
        switch (key) {
          case "count" -> new Pcp(number, old.high, old.batch, old.highMin, old.highMax);
          case "high" -> new Pcp(old.count, number, old.batch, old.highMin, old.highMax);
          case "batch" -> new Pcp(old.count, old.high, number, old.highMin, old.highMax);
          case "high_min" -> new Pcp(old.count, old.high, old.batch, number, old.highMax);
          case "high_max" -> new Pcp(old.count, old.high, old.batch, old.highMin, number);
          default -> old;
        });
  }

  private long number(String text) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      throw new BadInput(file, line, "\"" + text + "\"", "a count");
    }
  }

  private static String clip(String text) {
    return "\"" + text.substring(0, Math.min(text.length(), 60)) + "\"";
  }

  private static long[] filled(int length) {
    long[] unknown = new long[length];
    Arrays.fill(unknown, -1);
    return unknown;
  }
}
