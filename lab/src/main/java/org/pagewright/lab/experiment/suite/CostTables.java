package org.pagewright.lab.experiment.suite;

import java.util.Arrays;
import org.pagewright.hardware.cpu.CostTable;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.lab.experiment.CostFile;

/** Turns a cost file into the table that CPUs charge by. */
final class CostTables {

  private CostTables() {}

  /**
   * The table of {@code file}; primitives that it does not list have no price.
   *
   * @throws IllegalArgumentException if it lists a primitive that does not exist
   */
  static CostTable of(CostFile file) {
    int count = Primitive.count();
    long[] cycles = new long[count];
    String[] units = new String[count];
    String[] sources = new String[count];
    Arrays.fill(cycles, CostTable.MISSING);
    Arrays.fill(units, "");
    Arrays.fill(sources, "");
    file.costs()
        .forEach((label, cost) -> {
          int row = Primitive.named(label).index();
          cycles[row] = file.cycles(cost);
          units[row] = cost.unit() == CostFile.Unit.NS ? "ns" : "cycles";
          sources[row] = cost.source();
        });
    return new CostTable(file.name(), file.ghz(), cycles, units, sources);
  }
}
