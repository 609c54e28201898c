package org.pagewright.hardware.cpu;

import java.util.ArrayList;
import java.util.List;

/** Collects the context rules that were broken on a machine. */
final class BrokenRules {
  private final Machine machine;
  private final List<ExecutionRule> broken = new ArrayList<>();

  BrokenRules(Machine machine) {
    this.machine = machine;
    machine
        .events()
        .attach((kind, cpu, a, b, c) -> {
          if (kind == HardwareEvent.CONTEXT_RULE) {
            broken.add(ExecutionRule.of(a));
          }
        });
  }

  /** What was broken so far, in order. */
  List<ExecutionRule> list() {
    machine.events().drain();
    return broken;
  }
}
