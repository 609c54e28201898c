package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.experiment.RunPlan;
import org.pagewright.lab.experiment.RunReport;
import org.pagewright.lab.experiment.RunResult;
import org.pagewright.lab.experiment.Runner;
import org.pagewright.lab.experiment.Sensitivity;
import org.pagewright.lab.experiment.suite.Experiments;
import org.pagewright.lab.report.CsvReport;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.HtmlReport;
import org.pagewright.lab.report.Report;
import org.pagewright.lab.report.TextReport;
import org.pagewright.lab.report.TextTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs an experiment and compares variants of a design. */
@Command(
    name = "run",
    description = "Runs an experiment: measures each variant and compares it with the first.",
    footer = {
      "",
      "Examples:",
      "  pagewright run populate",
      "  pagewright run populate --set cpus=64 --samples 5 --html populate.html",
      "  pagewright run populate --machine graviton4 --variant baseline --variant unmapped",
      "  pagewright run populate --seed 0x2a --csv populate.csv --json populate.json",
      "  pagewright run populate --dry-run",
      "  pagewright run populate --set guest=64M --samples 1 --sensitivity"
    })
final class RunCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "EXPERIMENT", description = "See 'pagewright list experiments'.")
  private String experiment = "";

  @Option(
      names = "--variant",
      paramLabel = "V",
      description = "A variant to measure; repeatable. The first is the reference.")
  private List<String> variants = new ArrayList<>();

  @Option(names = "--samples", paramLabel = "N", description = "Samples of each variant.")
  private @Nullable Integer samples;

  @Option(
      names = "--machine",
      paramLabel = "M",
      description = "A machine's name or file; see 'pagewright list machines'.")
  private @Nullable String machine;

  @Option(
      names = "--costs",
      paramLabel = "C",
      description = "A cost table's name or file; see 'pagewright list costs'.")
  private @Nullable String costs;

  @Option(
      names = "--set",
      paramLabel = "k=v",
      description = "Sets one parameter of the experiment; repeatable.")
  private List<String> values = new ArrayList<>();

  @Option(
      names = "--set-cost",
      paramLabel = "p=ns",
      description = "Sets the cost of one primitive in nanoseconds; repeatable.")
  private List<String> costValues = new ArrayList<>();

  @Option(
      names = "--after-trace",
      paramLabel = "FILE",
      description = "Start with memory as the recorded trace FILE leaves it.")
  private @Nullable Path afterTrace;

  @Option(names = "--html", paramLabel = "F", description = "Also write one HTML page to F.")
  private @Nullable Path html;

  @Option(names = "--csv", paramLabel = "F", description = "Also write every sample to F.")
  private @Nullable Path csv;

  @Option(
      names = "--dry-run",
      description = "Print every setting and where it comes from, and run nothing.")
  private boolean dryRun;

  @Option(
      names = "--sensitivity",
      description = "Instead, print what half and twice each cost would make of the comparison.")
  private boolean sensitivity;

  @Override
  public Integer call() throws IOException {
    RunPlan plan = plan();
    if (dryRun) {
      printSettings(plan);
      return ExitStatus.FINE;
    }
    int threads = Runtime.getRuntime().availableProcessors();
    if (sensitivity) {
      return printSensitivity(plan, threads);
    }
    Runner runner = new Runner(plan, threads);
    try (Interruption _ = new Interruption(runner::stop)) {
      return write(runner.run(ProgressLine.ofProcess("sample", common.err())));
    }
  }

  private RunPlan plan() {
    try {
      return RunPlan.of(
          Experiments.named(experiment),
          new RunPlan.Request(
              variants, samples, machine, costs, values, costValues, afterTrace, common.seed()));
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()), e);
    }
  }

  private ParameterException wrong(String what, @Nullable Throwable cause) {
    CommandSpec command = Objects.requireNonNull(spec, "picocli sets the command before it runs");
    return new ParameterException(command.commandLine(), what, cause);
  }

  private void printSettings(RunPlan plan) {
    TextTable table =
        new TextTable()
            .column("setting", TextTable.Align.LEFT)
            .column("value", TextTable.Align.LEFT)
            .column("source", TextTable.Align.LEFT);
    plan.settings().forEach(s -> table.row(List.of(s.name(), s.value(), s.source())));
    common.out().print(table.text());
  }

  private int printSensitivity(RunPlan plan, int threads) throws IOException {
    List<Sensitivity.Row> rows = Sensitivity.of(plan, threads);
    common.printJson(Sensitivity.json(plan, rows));
    if (!common.isJsonOnly()) {
      common.out().print(Sensitivity.text(plan, rows));
      common.out().flush();
    }
    return ExitStatus.FINE;
  }

  /** Writes everything asked for; status 1 if a promised property did not hold. */
  private int write(RunResult result) throws IOException {
    if (result.measured().isEmpty()) {
      common.err().println("interrupted before the first sample was finished");
      return ExitStatus.FINE;
    }
    String command = command(result.plan());
    String version = Version.number();
    Report report = RunReport.of(result, command, version);
    common.print(html, HtmlReport.of(report));
    common.print(csv, CsvReport.of(report));
    common.printJson(RunReport.json(result, command, version));
    if (!CommonOptions.isOutput(html) && !CommonOptions.isOutput(csv) && !common.isJsonOnly()) {
      common.out().print(TextReport.of(report));
      common.out().flush();
    }
    boolean broken = report.findings().stream().anyMatch(f -> f.level() == Finding.Level.VIOLATION);
    return broken ? ExitStatus.FOUND : ExitStatus.FINE;
  }

  /** The command line that repeats the run, whatever files this one wrote. */
  private String command(RunPlan plan) {
    StringBuilder line = new StringBuilder("pagewright run ").append(experiment);
    variants.forEach(name -> line.append(" --variant ").append(name));
    line.append(" --samples ").append(plan.samples());
    line.append(machine == null ? "" : " --machine " + machine);
    line.append(costs == null ? "" : " --costs " + costs);
    values.forEach(value -> line.append(" --set ").append(value));
    costValues.forEach(value -> line.append(" --set-cost ").append(value));
    line.append(afterTrace == null ? "" : " --after-trace " + afterTrace);
    return line.append(" --seed ").append(plan.seed()).toString();
  }
}
