package org.pagewright.lab.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.mutation.MutantResult;
import org.pagewright.lab.mutation.MutantResult.Fate;
import org.pagewright.lab.mutation.MutationLog;
import org.pagewright.lab.mutation.MutationPlan;
import org.pagewright.lab.mutation.MutationRunner;
import org.pagewright.lab.mutation.MutationTable;
import org.pagewright.lab.report.BadInput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Changes single instructions of the kernel and says how many changes the checkers notice. */
@Command(
    name = "mutate",
    description = "Changes single instructions of the kernel: which changes do checkers notice?",
    footer = {
      "",
      "Examples:",
      "  pagewright mutate --smoke",
      "  pagewright mutate --package mermap --all",
      "  pagewright mutate --mutants 600 --seed 7 --json mutants.json",
      "  pagewright mutate --all --state mutants.txt"
    })
final class MutateCommand implements Callable<Integer> {
  private static final int SMOKE_MUTANTS = 24;

  @Mixin private final CommonOptions common = new CommonOptions();

  @Option(
      names = "--mutants",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "Try so many, drawn from all (default: ${DEFAULT-VALUE}).")
  private int mutants = 600;

  @Option(names = "--all", description = "Try every mutant.")
  private boolean all;

  @Option(names = "--smoke", description = "Try two dozen with the quick parts of the battery.")
  private boolean smoke;

  @Option(
      names = "--package",
      paramLabel = "P",
      description = "Only of this package, such as mermap; repeatable.")
  private List<String> packages = new ArrayList<>();

  @Option(
      names = "--class",
      paramLabel = "C",
      description = "Only of this class, such as Zone; repeatable.")
  private List<String> types = new ArrayList<>();

  @Option(
      names = "--jobs",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "So many virtual machines at the same time (default: ${DEFAULT-VALUE}).")
  private int jobs = 1;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "Give a mutant up after this time (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  @Option(
      names = "--state",
      paramLabel = "FILE",
      description = "Keep what is finished in FILE, and leave out what stands there already.")
  private @Nullable Path state;

  /**
   * The whole document.
   *
   * @param drawn mutants that were to be tried; more than are listed if the run was interrupted
   */
  private record Document(
      int drawn,
      List<MutationTable.Row> packages,
      Map<String, Integer> by,
      List<MutantResult> mutants) {}

  @Override
  public Integer call() throws IOException {
    MutationRunner runner = runner();
    for (String name : packages) {
      if (!runner.packages().contains(name)) {
        throw new BadInput(
            "--package " + name + "; expected one of " + String.join(", ", runner.packages()));
      }
    }
    common.requireFolder();
    CommonOptions.requireFolder(state);
    MutationPlan plan = plan();
    int drawn = runner.count(plan);
    if (drawn == 0) {
      throw new BadInput(
          "--class " + String.join(", ", types) + "; expected a class of these packages");
    }
    String version = runner.version(smoke);
    MutationLog log = state == null ? MutationLog.inMemory() : MutationLog.in(state, version);
    ProgressLine progress = ProgressLine.ofProcess("mutant", common.err());
    try (Interruption _ = new Interruption(runner::stop)) {
      print(drawn, runner.run(plan, log, progress::at));
    }
    return ExitStatus.FINE;
  }

  private void print(int drawn, List<MutantResult> results) throws IOException {
    List<MutationTable.Row> rows = MutationTable.rows(results);
    Document document = new Document(drawn, rows, killers(results), results);
    if (!common.isJsonOnly()) {
      print(document);
      common.out().flush();
    }
    common.printJson(document);
  }

  private static MutationRunner runner() {
    return ServiceLoader.load(MutationRunner.class)
        .findFirst()
        .orElseThrow(() -> new BadInput("nothing here runs mutants; expected ./pagewright mutate"));
  }

  private MutationPlan plan() {
    int most = smoke ? Math.min(mutants, SMOKE_MUTANTS) : mutants;
    return new MutationPlan(
        common.seed(),
        all ? Integer.MAX_VALUE : most,
        List.copyOf(packages),
        List.copyOf(types),
        jobs,
        seconds,
        smoke);
  }

  private static Map<String, Integer> killers(List<MutantResult> results) {
    Map<String, Integer> killers = new TreeMap<>();
    for (MutantResult result : results) {
      if (result.fate().isKilled()) {
        killers.merge(result.by(), 1, Integer::sum);
      }
    }
    return killers;
  }

  private void print(Document document) {
    PrintWriter out = common.out();
    out.print(MutationTable.text(document.packages()));
    if (document.mutants().size() < document.drawn()) {
      out.println("interrupted after " + document.mutants().size() + " of " + document.drawn());
    }
    document.by().forEach((by, count) -> out.printf(Locale.ROOT, "%6d by %s%n", count, by));
    print(document, Fate.SURVIVED, "survived");
    print(document, Fate.NOT_REACHED, "not reached");
  }

  private void print(Document document, Fate fate, String heading) {
    PrintWriter out = common.out();
    List<MutantResult> some =
        document.mutants().stream().filter(result -> result.fate() == fate).toList();
    out.printf("%n%s: %d%n", heading, some.size());
    for (MutantResult result : some) {
      out.println(
          "  "
              + result.place().text()
              + " "
              + result.place().method()
              + ": "
              + result.place().what());
      if (!result.place().source().isEmpty()) {
        out.println("      " + result.place().source());
      }
    }
  }
}
