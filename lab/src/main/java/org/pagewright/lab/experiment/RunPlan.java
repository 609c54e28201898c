package org.pagewright.lab.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.report.Setting;

/**
 * A run with every choice made.
 *
 * @param settings every setting with its source, as a dry run prints them
 */
public record RunPlan(
    Experiment experiment,
    List<Variant> variants,
    MachineFile machine,
    CostFile costs,
    Values values,
    @Nullable Path afterTrace,
    int samples,
    long seed,
    List<Setting> settings) {

  private static final int SAMPLES_MAX = 100_000;

  /**
   * What somebody asked for; null and empty mean that the default is wanted.
   *
   * @param costOverrides assignments {@code primitive=nanoseconds}
   */
  public record Request(
      List<String> variants,
      @Nullable Integer samples,
      @Nullable String machine,
      @Nullable String costs,
      List<String> assignments,
      List<String> costOverrides,
      @Nullable Path afterTrace,
      @Nullable Long seed) {}

  /** The default seed, so that a run without {@code --seed} is repeatable too. */
  public static final long DEFAULT_SEED = 1;

  /**
   * Makes every choice of {@code request} for {@code experiment}.
   *
   * @throws IllegalArgumentException if it asks for something that does not exist
   * @throws BadFile if a file it names is wrong
   */
  public static RunPlan of(Experiment experiment, Request request) {
    List<Setting> settings = new ArrayList<>();
    List<Variant> variants = variants(experiment, request.variants());
    settings.add(
        new Setting(
            "variants",
            String.join(",", variants.stream().map(Variant::name).toList()),
            source(request.variants().isEmpty(), "--variant")));
    MachineFile machine =
        Catalogue.machine(
            request.machine() == null ? Catalogue.DEFAULT_MACHINE : request.machine());
    settings.add(
        new Setting("machine", machine.name(), source(request.machine() == null, "--machine")));
    CostFile costs = costs(request, machine);
    String costSource = request.costs() == null ? "machine " + machine.name() : "--costs";
    settings.add(new Setting("costs", costs.name(), costSource));
    request.costOverrides().forEach(o -> settings.add(new Setting("cost", o, "--set-cost")));
    int samples = request.samples() == null ? experiment.samples() : request.samples();
    if (samples < 1 || samples > SAMPLES_MAX) {
      throw new IllegalArgumentException(
          "samples is " + samples + "; expected 1 to " + SAMPLES_MAX);
    }
    settings.add(
        new Setting(
            "samples", String.valueOf(samples), source(request.samples() == null, "--samples")));
    long seed = request.seed() == null ? DEFAULT_SEED : request.seed();
    settings.add(
        new Setting("seed", String.valueOf(seed), source(request.seed() == null, "--seed")));
    Path trace = request.afterTrace();
    if (trace != null && !experiment.canStartAfterTrace()) {
      throw new IllegalArgumentException(
          experiment.name() + " starts with fresh memory; expected no --after-trace");
    }
    settings.add(
        new Setting(
            "after-trace",
            trace == null ? "none (fresh boot)" : trace.toString(),
            source(trace == null, "--after-trace")));
    settings.addAll(machineSettings(machine));
    Values values = Values.of(experiment.parameters(), request.assignments());
    settings.addAll(values.settings());
    return new RunPlan(
        experiment, variants, machine, costs, values, trace, samples, seed, List.copyOf(settings));
  }

  private static CostFile costs(Request request, MachineFile machine) {
    CostFile costs = Catalogue.costs(request.costs() == null ? machine.costs() : request.costs());
    for (String override : request.costOverrides()) {
      String[] sides = override.split("=", 2);
      try {
        costs = costs.with(sides[0].strip(), Double.parseDouble(sides[1].strip()));
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw new IllegalArgumentException(
            "--set-cost " + override + " is no cost; expected PRIMITIVE=NANOSECONDS", e);
      }
    }
    return costs;
  }

  private static List<Variant> variants(Experiment experiment, List<String> names) {
    if (names.isEmpty()) {
      return experiment.variants().stream().filter(Variant::byDefault).toList();
    }
    List<String> known = experiment.variants().stream().map(Variant::name).toList();
    List<Variant> chosen = new ArrayList<>();
    for (String name : names) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "unknown variant "
                + name
                + "; expected one of "
                + String.join(", ", known)
                + Nearest.hint(name, known));
      }
      Variant variant = experiment.variants().get(known.indexOf(name));
      if (!chosen.contains(variant)) {
        chosen.add(variant);
      }
    }
    return chosen;
  }

  private static List<Setting> machineSettings(MachineFile machine) {
    String from = "machine " + machine.name();
    MachineFile.Features features = machine.features();
    return List.of(
        new Setting("memory", machine.memory(), from),
        new Setting("cpus", String.valueOf(machine.cpus()), from),
        new Setting("format", machine.format(), from),
        new Setting("tlb", machine.tlb(), from),
        new Setting("direct-map.largest-leaf", machine.directMap().largestLeaf(), from),
        new Setting("direct-map.collapse", String.valueOf(machine.directMap().collapse()), from),
        new Setting("pcid", String.valueOf(features.pcid()), from),
        new Setting("invpcid", String.valueOf(features.invpcid()), from),
        new Setting("pti", String.valueOf(features.pti()), from));
  }

  private static String source(boolean isDefault, String option) {
    return isDefault ? "default" : option;
  }

  /** Identifies the configuration without the seed: equal settings have equal hashes. */
  public String configHash() {
    long hash = 0xcbf29ce484222325L; // FNV-1a, over the settings and the costs' values
    StringBuilder text = new StringBuilder();
    for (Setting setting : settings) {
      if (!setting.name().equals("seed")) {
        text.append(setting.name()).append('=').append(setting.value()).append('\n');
      }
    }
    costs.costs().forEach((name, cost) -> text.append(name).append(cost.value()).append('\n'));
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return Json.hex(hash);
  }

  /** This plan at other costs. */
  public RunPlan withCosts(CostFile other) {
    return new RunPlan(
        experiment, variants, machine, other, values, afterTrace, samples, seed, settings);
  }

  /** The trial of one sample; equal samples of all variants have equal seeds. */
  public Trial trial(Variant variant, int index) {
    return new Trial(
        variant,
        machine,
        costs,
        values,
        afterTrace,
        mix(seed + 0x9e3779b97f4a7c15L * index),
        index);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
