package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;
import org.pagewright.lab.experiment.CostFile;
import org.pagewright.lab.report.Breakdown;

/** Where the time of a host goes: the kernel's categories, and waiting for flushes apart. */
final class HostParts {

  private HostParts() {}

  /** The parts of the time of the CPU under test. */
  static List<Breakdown.Category> own() {
    List<Breakdown.Category> parts = new ArrayList<>();
    for (CostCategory category : CostCategory.values()) {
      parts.add(new Breakdown.Category(category.label(), category.meaning()));
    }
    parts.add(new Breakdown.Category("flush-wait", "waiting until other CPUs have flushed"));
    return parts;
  }

  /** The parts of the time of all others. */
  static List<Breakdown.Category> others() {
    return List.of(
        new Breakdown.Category("flush", "time that flushes of the CPU under test took away"));
  }

  /** The nanoseconds of each part of the CPU under test since the clock was started. */
  static double[] own(SimulatedHost host, CostFile costs) {
    List<Double> parts = new ArrayList<>();
    Cpu cpu = host.cpu();
    double wait = costs.nanoseconds(host.shootdown().counters().of(cpu.id(), Counter.WAIT_CYCLES));
    double waited = 0;
    for (CostCategory category : CostCategory.values()) {
      double ns = costs.nanoseconds(host.ledger().cycles(cpu, category));
      if (category == CostCategory.FLUSH_OWN) {
        waited = Math.min(wait, ns);
        ns -= waited;
      }
      parts.add(ns);
    }
    parts.add(waited);
    return parts.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** The nanoseconds that other CPUs lost since the clock was started. */
  static double[] others(SimulatedHost host, CostFile costs) {
    return new double[] {
      costs.nanoseconds(host.shootdown().counters().total(Counter.STOLEN_CYCLES))
    };
  }
}
