package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.kpkeys.SplitFindings;
import org.pagewright.check.kpkeys.SplitSearch;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * Whether every split of the direct map finds its tables, by where protected pages come from.
 *
 * <p>Models nothing of its own: it runs {@link SplitSearch}. Answers questions of the kpkeys series
 * (v6 15/30, 2026-02) and of the freetype series about reserves and recursion.
 */
final class SplitSupply extends OutlinedExperiment {
  /** What a range that is split at both ends takes. */
  private static final int TWO_ENDS = 4;

  private static final int REFILL = 2;

  SplitSupply() {
    super(
        new Outline(
            "split-supply",
            "Does every split of the direct map find a protected page? All histories of a small"
                + " machine and all schedules of two CPUs with one preemption, for each design of"
                + " the kpkeys series, for protected tables as a freetype, and for reserves that"
                + " are larger and smaller.",
            List.of(
                new Variant("v6", "2 + 2 pages in reserve, as posted", true),
                new Variant(
                    "freetype", "five pages in reserve, pageblocks from the page allocator", true),
                new Variant("v5", "by table constructors, linear map mapped by pages", true),
                new Variant("v7", "each page by itself, linear map mapped by pages", true),
                new Variant("v6-six", "v6 with 4 + 2 pages in reserve", true),
                new Variant("v6-two", "v6 with two pages: a hazard, planted", true),
                new Variant(
                    "freetype-three", "freetype with three pages: a hazard, planted", true)),
            List.of(
                Parameter.count("operations", 3, 1, 8, "longest history that one CPU runs"),
                Parameter.choice("page-size", "pages of an arm64 machine", "4k", "16k", "64k"),
                Parameter.choice("collapse", "whether equal neighbours are merged", "no", "yes")),
            List.of(new Metric("fewest_kept", Unit.COUNT)),
            /* parts= */ List.of(),
            /* otherParts= */ List.of(),
            List.of(
                new Counted("histories", Unit.COUNT, "histories of one CPU that were run"),
                new Counted("states", Unit.COUNT, "states that look different"),
                new Counted("schedules", Unit.COUNT, "schedules of two CPUs that were run"),
                new Counted("depth", Unit.COUNT, "deepest nesting of splits"),
                new Counted("refused", Unit.COUNT, "runs in which something got no memory"),
                new Counted("unserved", Unit.COUNT, "runs in which a split found no table")),
            /* samples= */ 1));
  }

  private static KpkeysConfig config(String variant) {
    return switch (variant) {
      case "v6-six" -> KpkeysConfig.V6.withReservedPages(TWO_ENDS + REFILL);
      case "v6-two" -> KpkeysConfig.V6.withReservedPages(2);
      case "freetype-three" -> KpkeysConfig.FREETYPE.withReservedPages(3);
      default -> KpkeysConfig.named(variant);
    };
  }

  private static PteFormat format(Trial trial) {
    String pages = trial.values().text("page-size");
    boolean isArm64 = trial.machine().architecture() == MachineFile.Architecture.ARM64;
    if (!isArm64 && !pages.equals("4k")) {
      throw new IllegalArgumentException(
          "page-size: " + pages + " on " + trial.machine().name() + "; expected 4k");
    }
    return PteFormat.named(isArm64 ? "aarch64-" + pages : trial.machine().format());
  }

  @Override
  public Sample run(Trial trial) {
    KpkeysConfig config = config(trial.variant().name());
    PteFormat format = format(trial);
    boolean collapses = trial.values().text("collapse").equals("yes");
    int operations = Math.toIntExact(trial.values().number("operations"));
    SplitFindings alone = new SplitSearch(format, config, collapses).histories(operations);
    SplitFindings both = new SplitSearch(format, config, collapses).schedules();
    List<String> problems = new ArrayList<>();
    for (SplitFindings findings : List.of(alone, both)) {
      if (!findings.example().isEmpty()) {
        problems.add(findings.example());
      }
    }
    double fewest = Math.min(alone.fewestKept(), both.fewestKept());
    return new Sample(
        new double[] {fewest},
        new double[] {},
        new double[] {},
        new double[] {
          alone.histories(),
          alone.states(),
          both.histories(),
          Math.max(alone.depthMax(), both.depthMax()),
          alone.refused() + both.refused(),
          alone.broken() + both.broken()
        },
        problems);
  }

  @Override
  public List<Finding> notes(Trial first) {
    return List.of(
        new Finding(
            Finding.Level.NOTE,
            "machine of six largest leaves (1 GiB each, 32 MiB with pages of 16K, 512 MiB with"
                + " 64K), of 256 MiB where the linear map is mapped by pages; states that agree in"
                + " pages at hand, leaves, tables and free blocks are taken for one"));
  }
}
