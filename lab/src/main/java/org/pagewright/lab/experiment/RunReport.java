package org.pagewright.lab.experiment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Comparison;
import org.pagewright.lab.report.CostLine;
import org.pagewright.lab.report.Counts;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Report;
import org.pagewright.lab.report.SampleTable;
import org.pagewright.lab.report.Unit;
import org.pagewright.lab.stats.Summary;

/** Describes a result for people and programs. */
public final class RunReport {

  /** The version of the JSON document's shape. */
  private static final int SCHEMA_VERSION = 1;

  private static final double NS_IN_MS = 1e6;

  private final RunResult result;
  private final RunPlan plan;
  private final Experiment experiment;

  private RunReport(RunResult result) {
    this.result = result;
    this.plan = result.plan();
    this.experiment = plan.experiment();
    if (result.measured().isEmpty()) {
      throw new IllegalArgumentException("no sample was finished");
    }
  }

  /** The report of {@code result}, which has at least one sample. */
  public static Report of(RunResult result, String command, String version) {
    RunReport maker = new RunReport(result);
    RunPlan plan = result.plan();
    return new Report(
        plan.experiment().name(),
        plan.experiment().description(),
        command,
        version,
        plan.seed(),
        plan.configHash(),
        plan.settings(),
        maker.comparisons(),
        maker.breakdowns(),
        List.of(maker.counts()),
        maker.samples(),
        plan.costs().name() + " (" + plan.costs().title() + ")",
        maker.costs(),
        maker.findings());
  }

  private List<Comparison> comparisons() {
    List<Comparison> comparisons = new ArrayList<>();
    for (int i = 0; i < experiment.metrics().size(); i++) {
      int at = i;
      Experiment.Metric metric = experiment.metrics().get(i);
      comparisons.add(
          new Comparison(
              metric.name(),
              metric.unit(),
              result.measured().stream().map(v -> series(v, at)).toList()));
    }
    return comparisons;
  }

  private Comparison.Series series(Variant variant, int metric) {
    return new Comparison.Series(
        variant.name(), column(variant, s -> s.metrics()[metric]), result.isWhole(variant));
  }

  private double[] column(Variant variant, Function<Sample, Double> value) {
    return result.of(variant).stream().mapToDouble(value::apply).toArray();
  }

  private List<Breakdown> breakdowns() {
    List<Breakdown> breakdowns = new ArrayList<>();
    if (!experiment.parts().isEmpty()) {
      breakdowns.add(
          breakdown(
              "where the time went",
              "Mean of a sample, on the CPU under test.",
              experiment.parts(),
              Sample::parts));
    }
    if (!experiment.otherParts().isEmpty()) {
      Breakdown others =
          breakdown(
              "what it cost the other CPUs",
              "Mean of a sample, summed over all CPUs but the one under test.",
              experiment.otherParts(),
              Sample::others);
      if (others.max() > 0) {
        breakdowns.add(others);
      }
    }
    return breakdowns;
  }

  private Breakdown breakdown(
      String title,
      String note,
      List<Breakdown.Category> categories,
      Function<Sample, double[]> values) {
    return new Breakdown(
        title,
        note,
        Unit.NANOSECONDS,
        categories,
        result.measured().stream()
            .map(v -> new Breakdown.Row(v.name(), means(v, categories.size(), values)))
            .toList());
  }

  private double[] means(Variant variant, int size, Function<Sample, double[]> values) {
    double[] means = new double[size];
    List<Sample> samples = result.of(variant);
    for (Sample sample : samples) {
      for (int i = 0; i < size; i++) {
        means[i] += values.apply(sample)[i] / samples.size();
      }
    }
    return means;
  }

  private Counts counts() {
    List<Counts.Row> rows = new ArrayList<>();
    List<double[]> means =
        result.measured().stream()
            .map(v -> means(v, experiment.counted().size(), Sample::counts))
            .toList();
    for (int i = 0; i < experiment.counted().size(); i++) {
      int at = i;
      Experiment.Counted counted = experiment.counted().get(i);
      rows.add(
          new Counts.Row(
              counted.name(),
              counted.unit(),
              counted.meaning(),
              means.stream().mapToDouble(mean -> mean[at]).toArray()));
    }
    return new Counts(
        "events and states", result.measured().stream().map(Variant::name).toList(), rows);
  }

  private SampleTable samples() {
    List<SampleTable.Column> columns = new ArrayList<>();
    experiment.metrics().forEach(m -> columns.add(new SampleTable.Column(m.name(), m.unit())));
    experiment
        .parts()
        .forEach(p -> columns.add(new SampleTable.Column("own " + p.name(), Unit.NANOSECONDS)));
    experiment
        .otherParts()
        .forEach(p -> columns.add(new SampleTable.Column("others " + p.name(), Unit.NANOSECONDS)));
    experiment.counted().forEach(c -> columns.add(new SampleTable.Column(c.name(), c.unit())));
    List<SampleTable.Row> rows = new ArrayList<>();
    for (Variant variant : result.measured()) {
      int index = 1;
      for (Sample sample : result.of(variant)) {
        rows.add(new SampleTable.Row(variant.name(), index++, numbers(sample)));
      }
    }
    return new SampleTable(columns, rows);
  }

  private static double[] numbers(Sample sample) {
    return Stream.of(sample.metrics(), sample.parts(), sample.others(), sample.counts())
        .flatMapToDouble(Arrays::stream)
        .toArray();
  }

  private List<CostLine> costs() {
    List<CostLine> lines = new ArrayList<>();
    CostFile file = plan.costs();
    file.costs()
        .forEach((name, cost) ->
            lines.add(
                new CostLine(
                    name,
                    cost.text(),
                    file.cycles(cost),
                    cost.kind().label(),
                    cost.confidence().label(),
                    cost.source())));
    return lines;
  }

  private List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    if (!result.isComplete()) {
      findings.add(
          new Finding(
              Finding.Level.WARNING,
              "the run was stopped early; variants have "
                  + result.measured().stream()
                      .map(v -> v.name() + " " + result.of(v).size())
                      .toList()
                  + " of "
                  + plan.samples()
                  + " samples"));
    }
    findings.addAll(experiment.notes(plan.trial(plan.variants().getFirst(), 0)));
    for (Variant variant : result.measured()) {
      Set<String> problems = new LinkedHashSet<>();
      result.of(variant).forEach(sample -> problems.addAll(sample.problems()));
      for (String problem : problems) {
        findings.add(new Finding(Finding.Level.VIOLATION, variant.name() + ": " + problem));
      }
    }
    return findings;
  }

  /** The result as the JSON document that {@code --json} writes. */
  public static Map<String, Object> json(RunResult result, String command, String version) {
    return new RunReport(result).document(command, version);
  }

  private Map<String, Object> document(String command, String version) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema_version", SCHEMA_VERSION);
    document.put("experiment", experiment.name());
    document.put("machine", plan.machine().name());
    document.put("costs", plan.costs().name());
    document.put("seed", plan.seed());
    document.put("config_hash", plan.configHash());
    document.put("version", version);
    document.put("command", command);
    document.put("complete", result.isComplete());
    document.put("settings", plan.settings());
    List<Object> variants = new ArrayList<>();
    List<Comparison> comparisons = comparisons();
    for (int place = 0; place < result.measured().size(); place++) {
      variants.add(variant(place, comparisons));
    }
    document.put("variants", variants);
    document.put("cost_table", plan.costs());
    document.put("findings", findings());
    return document;
  }

  private Map<String, Object> variant(int place, List<Comparison> comparisons) {
    Variant variant = result.measured().get(place);
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", variant.name());
    map.put("whole", result.isWhole(variant));
    for (int i = 0; i < experiment.metrics().size(); i++) {
      int at = i;
      Experiment.Metric metric = experiment.metrics().get(i);
      double scale = metric.unit() == Unit.NANOSECONDS ? 1 / NS_IN_MS : 1;
      String unit = metric.unit() == Unit.NANOSECONDS ? "ms" : metric.unit().suffix();
      String stem = i == 0 ? "" : metric.name() + "_";
      double[] samples = column(variant, s -> s.metrics()[at] * scale);
      Summary summary = Summary.of(samples);
      Comparison comparison = comparisons.get(i);
      map.put(stem + "samples_" + unit, samples);
      map.put(stem + "mean_" + unit, summary.mean());
      map.put(stem + "min_" + unit, summary.min());
      map.put(stem + "max_" + unit, summary.max());
      map.put(stem + "stdev_" + unit, summary.stdev());
      map.put(stem + "ci95_half_width_" + unit, summary.halfWidth95());
      map.put(stem + "delta_percent", comparison.deltaPercent(comparison.series().get(place)));
    }
    map.put("parts_ms", named(experiment.parts(), variant, Sample::parts));
    map.put("others_ms", named(experiment.otherParts(), variant, Sample::others));
    Map<String, Object> counts = new LinkedHashMap<>();
    double[] means = means(variant, experiment.counted().size(), Sample::counts);
    for (int i = 0; i < means.length; i++) {
      Experiment.Counted counted = experiment.counted().get(i);
      counts.put(new SampleTable.Column(counted.name(), counted.unit()).header(), means[i]);
    }
    map.put("counts", counts);
    return map;
  }

  private Map<String, Object> named(
      List<Breakdown.Category> categories, Variant variant, Function<Sample, double[]> values) {
    Map<String, Object> map = new LinkedHashMap<>();
    double[] means = means(variant, categories.size(), values);
    for (int i = 0; i < means.length; i++) {
      map.put(categories.get(i).name(), means[i] / NS_IN_MS);
    }
    return map;
  }
}
