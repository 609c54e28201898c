package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Who does what: operations for each CPU, in order.
 *
 * @param name in kebab-case
 * @param what one sentence for lists
 * @param programs element n is what CPU n does
 */
public record Scenario(String name, String what, List<List<Operation>> programs) {
  public Scenario {
    if (programs.isEmpty() || programs.size() > SmallKernel.CPUS) {
      throw new IllegalArgumentException(
          name + ": programs for 1 to " + SmallKernel.CPUS + " CPUs, not " + programs.size());
    }
    programs = programs.stream().map(List::copyOf).toList();
  }

  /** The scenario that comes with Pagewright under this name. */
  public static Scenario named(String name) {
    return all().stream()
        .filter(scenario -> scenario.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no scenario " + name));
  }

  /** The same to be run on worlds of a kind. */
  public Trial<SmallKernel> on(Supplier<SmallKernel> worlds) {
    List<List<Act<SmallKernel>>> acts = new ArrayList<>();
    programs.forEach(program -> acts.add(List.copyOf(program)));
    return new Trial<>(worlds, acts);
  }

  /** The scenarios that come with Pagewright, by name. */
  public static List<Scenario> all() {
    return List.of(
        new Scenario(
            "secretmem-double-fault",
            "Two CPUs touch the same page of a secret file.",
            List.of(List.of(Operation.fault(5)), List.of(Operation.fault(5)))),
        new Scenario(
            "secretmem-fault-and-allocate",
            "One CPU touches a page of a secret file while another takes frames and returns them.",
            List.of(
                List.of(Operation.fault(5), Operation.truncate()),
                List.of(Operation.allocate(), Operation.allocate(), Operation.free()))),
        new Scenario(
            "secretmem-neighbours",
            "Two CPUs touch different pages of one secret file.",
            List.of(List.of(Operation.fault(5)), List.of(Operation.fault(6)))));
  }
}
