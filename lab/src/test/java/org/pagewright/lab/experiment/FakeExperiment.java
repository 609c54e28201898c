package org.pagewright.lab.experiment;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Unit;

/** An experiment whose samples are a function of their trial. */
record FakeExperiment(ToDoubleFunction<Trial> latency, List<String> problems)
    implements Experiment {

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public String description() {
    return "measures nothing";
  }

  @Override
  public List<Variant> variants() {
    return List.of(
        new Variant("slow", "the reference", true),
        new Variant("fast", "better", true),
        new Variant("odd", "on request", false));
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        Parameter.bytes("size", "1G", 4096, 1L << 40, "how much"),
        Parameter.count("cpus", 0, 0, 4096, "how many"),
        Parameter.choice("others", "what they do", "idle", "busy"));
  }

  @Override
  public List<Metric> metrics() {
    return List.of(new Metric("latency", Unit.NANOSECONDS), new Metric("kept", Unit.BYTES));
  }

  @Override
  public List<Breakdown.Category> parts() {
    return List.of(new Breakdown.Category("copy", "copying"));
  }

  @Override
  public List<Breakdown.Category> otherParts() {
    return List.of(new Breakdown.Category("flush", "flushing"));
  }

  @Override
  public List<Counted> counted() {
    return List.of(new Counted("flushes", Unit.COUNT, "how often"));
  }

  @Override
  public int samples() {
    return 3;
  }

  @Override
  public Sample run(Trial trial) {
    double ns = latency.applyAsDouble(trial);
    return new Sample(
        new double[] {ns, 4096}, new double[] {ns}, new double[] {7}, new double[] {2}, problems);
  }
}
