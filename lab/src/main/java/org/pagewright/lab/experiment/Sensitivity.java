package org.pagewright.lab.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.lab.report.TextTable;
import org.pagewright.lab.report.Unit;
import org.pagewright.lab.stats.Summary;

/**
 * How much a comparison depends on each cost: every primitive at half and at twice its value, the
 * others as they are.
 *
 * <p>Says what an error of a factor of two in one number would do. It does not say how likely that
 * error is, and changes one number at a time.
 */
public final class Sensitivity {

  /**
   * What one primitive does.
   *
   * @param half Δμ of every variant but the first at half the cost, in percent
   * @param twice the same at twice the cost
   */
  public record Row(String primitive, CostFile.Cost cost, List<Double> half, List<Double> twice) {

    double spread() {
      double spread = 0;
      for (int i = 0; i < half.size(); i++) {
        spread = Math.max(spread, Math.abs(half.get(i) - twice.get(i)));
      }
      return spread;
    }
  }

  private static final double INVISIBLE_PERCENT = 0.005;

  private final RunPlan plan;
  private final int threads;

  private Sensitivity(RunPlan plan, int threads) {
    this.plan = plan;
    this.threads = threads;
  }

  /** The rows of all primitives that matter, the most influential first. */
  public static List<Row> of(RunPlan plan, int threads) {
    return new Sensitivity(plan, threads).rows();
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (Map.Entry<String, CostFile.Cost> entry : plan.costs().costs().entrySet()) {
      List<Double> half = deltas(entry.getKey(), 0.5);
      List<Double> twice = deltas(entry.getKey(), 2);
      Row row = new Row(entry.getKey(), entry.getValue(), half, twice);
      if (row.spread() > INVISIBLE_PERCENT) {
        rows.add(row);
      }
    }
    rows.sort(Comparator.comparingDouble(Row::spread).reversed());
    return rows;
  }

  private List<Double> deltas(String primitive, double factor) {
    CostFile costs = plan.costs().scaled(primitive, factor);
    RunResult result = new Runner(plan.withCosts(costs), threads).run((done, all) -> {});
    Summary first = summary(result, plan.variants().getFirst());
    return plan.variants().stream()
        .skip(1)
        .map(variant -> summary(result, variant).deltaPercent(first))
        .toList();
  }

  private static Summary summary(RunResult result, Variant variant) {
    return Summary.of(
        result.of(variant).stream().mapToDouble(sample -> sample.metrics()[0]).toArray());
  }

  /** The rows as a table. */
  public static String text(RunPlan plan, List<Row> rows) {
    TextTable table =
        new TextTable()
            .column("primitive", TextTable.Align.LEFT)
            .column("value", TextTable.Align.RIGHT)
            .column("kind", TextTable.Align.LEFT)
            .column("trust", TextTable.Align.LEFT);
    for (Variant variant : plan.variants().subList(1, plan.variants().size())) {
      table.column("Δμ " + variant.name() + ", half", TextTable.Align.RIGHT);
      table.column("twice", TextTable.Align.RIGHT);
    }
    for (Row row : rows) {
      table.row(cells(row));
    }
    return table.text();
  }

  private static List<String> cells(Row row) {
    CostFile.Cost cost = row.cost();
    List<String> cells = new ArrayList<>();
    cells.add(row.primitive());
    cells.add(cost.text());
    cells.add(cost.kind().label());
    cells.add(cost.confidence().label());
    for (int i = 0; i < row.half().size(); i++) {
      cells.add(Unit.delta(row.half().get(i)));
      cells.add(Unit.delta(row.twice().get(i)));
    }
    return cells;
  }

  /** The rows as a document. */
  public static Map<String, Object> json(RunPlan plan, List<Row> rows) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema_version", 1);
    document.put("experiment", plan.experiment().name());
    document.put("machine", plan.machine().name());
    document.put("costs", plan.costs().name());
    document.put("seed", plan.seed());
    document.put("variants", plan.variants().stream().skip(1).map(Variant::name).toList());
    document.put("rows", rows);
    return document;
  }
}
