package org.pagewright.faulty.mutation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.SmallKernel;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.faulty.PlantedBugs;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.directmap.DirectMapConfig.Collapse;

/**
 * Everything that checkers look at, in the order in which mutants meet it: what is quick first.
 *
 * <p>Runs are bounded by counts and never by time, so that a mutant always meets the same.
 */
final class Battery {
  private static final List<String> FORMATS =
      List.of("x86_64-4level", "x86_64-pae", "aarch64-4k", "riscv64-sv48", "s390x");

  private static final String MAIN_FORMAT = FORMATS.getFirst();

  /** Schedules of a scenario, after the one without preemption. */
  private static final int SCHEDULES = 60;

  /** Runs with failing requests of a scenario. */
  private static final int FAULTS = 60;

  private static final int PAIRS = 20;

  /** Acts of random runs. */
  private static final int REQUESTS = 6000;

  private static final int ROUNDS = 4;
  private static final int CHANGES = 200;
  private static final int RANGES = 40;
  private static final int MAPPINGS = 1500;
  private static final long SEED = 1;

  /** Runs of the story of a planted bug; some make as many as their run has steps. */
  private static final int STORY_RUNS = 80;

  private final List<Stage> stages = new ArrayList<>();

  private Battery() {}

  /** All parts, or the quick ones. */
  static List<Stage> stages(boolean isSmoke) {
    Battery battery = new Battery();
    battery.addScenarios();
    battery.add("recorded boot", /* isQuick= */ false, RecordedBoot::replay);
    battery.addRandom();
    battery.addStories();
    return battery.stages.stream().filter(stage -> stage.isQuick() || !isSmoke).toList();
  }

  private void add(String name, boolean isQuick, Supplier<List<Violation>> run) {
    stages.add(new Stage(name, isQuick, run));
  }

  private void addScenarios() {
    for (String format : FORMATS) {
      boolean isMain = format.equals(MAIN_FORMAT);
      for (Scenario scenario : Scenario.all()) {
        if (scenario.fits(PteFormat.named(format))) {
          Trial<SmallKernel> trial = scenario.on(PteFormat.named(format));
          add("straight " + scenario.name() + " " + format, isMain, () -> straight(trial));
        }
      }
    }
    for (Scenario scenario : Scenario.all()) {
      Trial<SmallKernel> trial = scenario.on(PteFormat.named(MAIN_FORMAT));
      add("faults " + scenario.name(), /* isQuick= */ false, () -> faults(trial));
      add("orders " + scenario.name(), /* isQuick= */ false, () -> orders(trial));
    }
  }

  private void addRandom() {
    for (String version : List.of("7.0", "6.1", "6.18")) {
      add("requests " + version, false, () -> RandomKernel.requests(version, REQUESTS, SEED));
    }
    for (String version : List.of("7.0", "6.1", "6.12", "6.18")) {
      add("scarce " + version, false, () -> ScarceMemory.run(version, ROUNDS, SEED));
    }
    for (Collapse collapse : Collapse.values()) {
      add(
          "changes " + collapse,
          /* isQuick= */ false,
          () -> RandomKernel.changes(MAIN_FORMAT, collapse, CHANGES, SEED));
    }
    for (Collapse collapse : List.of(Collapse.NEVER, Collapse.ALWAYS)) {
      add(
          "changes with an image " + collapse,
          /* isQuick= */ false,
          () -> RandomKernel.imageChanges(MAIN_FORMAT, collapse, CHANGES, SEED));
    }
    for (String format : FORMATS.subList(0, 4)) {
      add("tables " + format, false, () -> RandomTables.run(format, RANGES, SEED));
    }
    for (String format : List.of("x86_64-5level", "aarch64-4k", "riscv64-sv48")) {
      add(
          "changes " + format,
          /* isQuick= */ false,
          () -> RandomKernel.changes(format, Collapse.NEVER, CHANGES, SEED));
    }
    add("mermap", /* isQuick= */ false, () -> RandomMermap.run(MAPPINGS, SEED));
  }

  private static List<Violation> straight(Trial<SmallKernel> trial) {
    try (SmallKernel world = trial.worlds().get()) {
      return trial.run(world, Search.straight(), /* isEmptied= */ true);
    }
  }

  private static List<Violation> faults(Trial<SmallKernel> trial) {
    return FaultSearch.search(trial, PAIRS, after(FAULTS)).violations();
  }

  private static List<Violation> orders(Trial<SmallKernel> trial) {
    Exploration found =
        new Explorer(trial).search(new FewPreemptions(/* preemptionsMax= */ 1), after(SCHEDULES));
    Exploration.Failure failure = found.failure();
    return failure == null ? List.of() : failure.violations();
  }

  /** The stories of planted bugs on the kernel without them. */
  private void addStories() {
    for (PlantedBug bug : PlantedBugs.all()) {
      add(
          "story " + bug.name(),
          /* isQuick= */ false,
          () -> bug.hunt(/* isPlanted= */ false, after(STORY_RUNS)).violations());
    }
  }

  /** Over when it was asked so often. */
  private static BooleanSupplier after(int runs) {
    int[] left = {runs};
    return () -> left[0]-- <= 0;
  }
}
