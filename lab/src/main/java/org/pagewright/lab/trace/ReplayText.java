package org.pagewright.lab.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.TextTable;

/** The report of a replay as text for people. */
public final class ReplayText {
  private static final int DIFFERENCES_SHOWN = 5;
  private static final int ORDERS_WIDTH = 6;

  private final ReplayResult result;
  private final StringBuilder out = new StringBuilder();

  private ReplayText(ReplayResult result) {
    this.result = result;
  }

  /**
   * The whole report.
   *
   * @param withPrediction whether the user asked which frames were predicted
   */
  public static String of(ReplayResult result, boolean withPrediction) {
    ReplayText text = new ReplayText(result);
    text.head();
    if (withPrediction) {
      text.prediction();
      text.partings();
    }
    text.requests();
    text.operations();
    text.zones();
    text.warnings();
    text.end(withPrediction);
    return text.out.toString();
  }

  /** One row for each of several replays. */
  public static String summary(List<ReplayResult> results) {
    TextTable table =
        new TextTable()
            .column("trace", TextTable.Align.LEFT)
            .column("kernel", TextTable.Align.LEFT)
            .column("allocations", TextTable.Align.RIGHT)
            .column("predictable", TextTable.Align.RIGHT)
            .column("predicted", TextTable.Align.RIGHT)
            .column("share", TextTable.Align.RIGHT)
            .column("end state", TextTable.Align.LEFT);
    for (ReplayResult result : results) {
      table.row(
          List.of(
              fileName(result.file()),
              result.kernel(),
              number(result.allocations()),
              number(result.predictable()),
              number(result.predicted()),
              percent(result.share()),
              endState(result)));
    }
    return table.text();
  }

  private static String fileName(String file) {
    String name = file.substring(file.lastIndexOf('/') + 1);
    return name.endsWith(".trace.gz") ? name.substring(0, name.length() - 9) : name;
  }

  private static String endState(ReplayResult result) {
    if (result.endState() == null) {
      return "not recorded";
    }
    return result.endState().isIdentical() ? "identical" : "differs";
  }

  private void head() {
    line(
        "%s: rules of Linux %s, %s"
            .formatted(fileName(result.file()), result.kernel(), kernelFrom()));
    line("start state %s, hidden steps %s".formatted(start(), known(result.areHiddenStepsKnown())));
    line(
        "%s events on %s lines, %s s of trace: %s allocations, %s frees"
            .formatted(
                number(result.events()),
                number(result.lines()),
                String.format(Locale.ROOT, "%.3f", result.seconds()),
                number(result.allocations()),
                number(result.frees())));
  }

  private String kernelFrom() {
    return result.kernelFrom();
  }

  private String start() {
    return result.isStartKnown()
        ? "known"
        : "unknown (only frames freed in the trace can be known)";
  }

  private static String known(boolean isKnown) {
    return isKnown ? "known" : "unknown (recorded refills and drains are followed)";
  }

  private void prediction() {
    line("");
    line(
        "predicted before looking: %s of %s frames that could be known, %s"
            .formatted(
                number(result.predicted()), number(result.predictable()), percent(result.share())));
    line(
        "of all %s allocations: %s, %s"
            .formatted(
                number(result.allocations()),
                number(result.predictedOfAll()),
                percent(result.shareOfAll())));
    if (result.predictedAfterFollowedRefill() > 0) {
      line(
          "of those, named from a refill that earlier events told: "
              + number(result.predictedAfterFollowedRefill()));
    }
    if (!result.misses().isEmpty()) {
      TextTable table =
          new TextTable()
              .column("why not predicted", TextTable.Align.LEFT)
              .column("allocations", TextTable.Align.RIGHT);
      result.misses().forEach((cause, n) -> table.row(List.of(cause.text(), number(n))));
      out.append(table.text());
    }
    counted("how the replay got back in step", result.repairs());
  }

  private void partings() {
    if (result.partings().isEmpty()) {
      return;
    }
    line("");
    line("where these rules and the recorded kernel part");
    TextTable table =
        new TextTable()
            .column("what", TextTable.Align.LEFT)
            .column("times", TextTable.Align.RIGHT)
            .column("first at line", TextTable.Align.RIGHT)
            .column("recorded", TextTable.Align.LEFT)
            .column("ours", TextTable.Align.LEFT);
    result
        .partings()
        .forEach((what, row) ->
            table.row(
                List.of(
                    what,
                    number(row.times()),
                    number(row.firstLine()),
                    row.recorded(),
                    row.ours())));
    out.append(table.text());
  }

  private void requests() {
    line("");
    line("requests");
    row("order", orders());
    row("number", result.allocationsByOrder());
    StringBuilder types = new StringBuilder("by type");
    String[] names = {"unmovable", "movable", "reclaimable", "highatomic"};
    for (int type = 0; type < names.length; type++) {
      types.append(type == 0 ? ": " : ", ").append(names[type]).append(' ');
      types.append(number(result.allocationsByType().get(type)));
    }
    line(types.toString());
  }

  private List<Long> orders() {
    List<Long> orders = new ArrayList<>();
    for (int order = 0; order < ReplayCounts.ORDERS; order++) {
      orders.add((long) order);
    }
    return orders;
  }

  private void operations() {
    line("");
    TextTable table =
        new TextTable()
            .column("what happened", TextTable.Align.LEFT)
            .column("recorded", TextTable.Align.RIGHT)
            .column("ours", TextTable.Align.RIGHT)
            .column("different", TextTable.Align.RIGHT);
    operation(table, "requests that failed", result.failures());
    operation(table, "fallbacks to another type", result.fallbacks());
    operation(table, "blocks taken under the zone lock", result.refills());
    operation(table, "blocks drained from per-CPU lists", result.drains());
    out.append(table.text());
    if (result.mode().equals("following")) {
      line("Ours is empty where the replay follows the recorded operations.");
    }
  }

  private static void operation(TextTable table, String what, ReplayResult.Outcomes outcomes) {
    table.row(
        List.of(
            what,
            number(outcomes.recorded()),
            outcomes.ours() == null ? "-" : number(outcomes.ours()),
            outcomes.different() == null ? "-" : number(outcomes.different())));
  }

  private void zones() {
    line("");
    line("free blocks by order at the end, ours above the recorded ones");
    for (ReplayResult.ZoneResult zone : result.zones()) {
      row(zone.zone(), zone.freeBlocks());
      if (!zone.recordedFreeBlocks().isEmpty()) {
        row("", zone.recordedFreeBlocks());
      }
      zone.freeBlocksByType().forEach((type, ours) -> types(zone, type, ours));
    }
  }

  private void types(ReplayResult.ZoneResult zone, String type, List<Long> ours) {
    List<Long> recorded = zone.recordedFreeBlocksByType().get(type);
    boolean isEmpty = ours.stream().allMatch(n -> n == 0);
    if (!isEmpty || (recorded != null && recorded.stream().anyMatch(n -> n != 0))) {
      row("  " + type, ours);
      if (recorded != null) {
        row("", recorded);
      }
    }
  }

  private void row(String name, List<Long> numbers) {
    out.append(String.format(Locale.ROOT, "  %-14s", name));
    for (long n : numbers) {
      out.append(String.format(Locale.ROOT, " %" + ORDERS_WIDTH + "d", n));
    }
    out.append('\n');
  }

  private void warnings() {
    if (result.lost() > 0 || result.overwritten() > 0) {
      line("");
      line(
          "lost events: %s lost, %s overwritten; what they did is unknown from there on"
              .formatted(number(result.lost()), number(result.overwritten())));
      result.lostAt().forEach(where -> line("  %s".formatted(where)));
    }
    counted("events that the replay does not use", result.otherEvents());
    counted("unknown gfp flags, taken as without effect", result.unknownFlags());
    counted("hidden steps of unknown kinds, left out", result.unknownSteps());
    if (result.stepsLeft() > 0) {
      line("hidden steps that never came due: %d".formatted(result.stepsLeft()));
    }
  }

  private void counted(String title, Map<String, Long> counts) {
    if (counts.isEmpty()) {
      return;
    }
    line(title);
    counts.forEach((what, n) -> line("  %9s  %s".formatted(number(n), what)));
  }

  private void end(boolean withPrediction) {
    line("");
    String broken = result.brokenInvariant();
    line(
        "invariants checked %s times: %s"
            .formatted(
                number(result.invariantChecks()),
                broken == null ? "all hold" : "BROKEN " + broken));
    ReplayResult.EndState end = result.endState();
    if (end == null || !withPrediction) {
      return;
    }
    line(
        "end state (free lists in order, per-CPU lists, pageblock types): %s"
            .formatted(
                end.isIdentical()
                    ? "identical to the recorded one"
                    : "differs from the recorded one"));
    end.differences().stream().limit(DIFFERENCES_SHOWN).forEach(one -> line("  %s".formatted(one)));
    if (end.differences().size() > DIFFERENCES_SHOWN) {
      line("  and %d more".formatted(end.differences().size() - DIFFERENCES_SHOWN));
    }
  }

  private static String number(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  private static String percent(@Nullable Double share) {
    return share == null ? "-" : String.format(Locale.ROOT, "%.3f %%", 100 * share);
  }

  private void line(String text) {
    out.append(text).append('\n');
  }
}
