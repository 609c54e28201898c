package org.pagewright.lab.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pagewright.check.explore.Operation;
import org.pagewright.check.explore.Scenario;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.PteFormats;
import org.pagewright.kernel.secret.SecretmemConfig.Backing;

/** Every kernel that a scenario is run on: formats, designs of secret files, numbers of CPUs. */
public final class CheckMatrix {
  /** Where designs and numbers of CPUs vary; elsewhere only the format does. */
  private static final PteFormat MAIN_FORMAT = PteFormat.named("x86_64-4level");

  /** A scenario on a kernel. */
  public record Case(Scenario scenario, PteFormat format) {
    /** As printed: what differs from the scenario as it was written comes behind its name. */
    public String label() {
      String backing = scenario.backing().name().toLowerCase(Locale.ROOT).replace('_', '-');
      boolean isPlain = scenario.backing() == Backing.REMOVE_EACH;
      String cpus =
          scenario.programs().size() > 2 ? ", " + scenario.programs().size() + " CPUs" : "";
      return scenario.name() + (isPlain ? "" : ", " + backing) + cpus + ", " + format.name();
    }
  }

  private CheckMatrix() {}

  /** A scenario on every format that can do it, and its variants on x86-64 with four levels. */
  public static List<Case> of(Scenario scenario) {
    List<Case> cases = new ArrayList<>();
    for (PteFormat format : PteFormats.all()) {
      if (scenario.fits(format)) {
        cases.add(new Case(scenario, format));
      }
    }
    if (usesFile(scenario)) {
      for (Backing backing : Backing.values()) {
        if (backing != scenario.backing()) {
          cases.add(new Case(scenario.with(backing), MAIN_FORMAT));
        }
      }
    }
    List<List<Operation>> programs = new ArrayList<>(scenario.programs());
    programs.add(List.of());
    Scenario wider =
        new Scenario(
            scenario.name(), scenario.what(), scenario.backing(), scenario.isolation(), programs);
    cases.add(new Case(wider, MAIN_FORMAT));
    return cases;
  }

  private static boolean usesFile(Scenario scenario) {
    return scenario.programs().stream()
        .flatMap(List::stream)
        .anyMatch(op -> op.text().startsWith("fault") || op.text().startsWith("truncate"));
  }
}
