package org.pagewright.check.oracle;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelWarning;

/**
 * The kernel warns only when something is wrong.
 *
 * <p>Property: a run in which every other property held had no warning. Sees: warnings of kernel
 * code, what other oracles found. Checked: at rest. Does not check: warnings of runs with another
 * violation, which may be deserved; wrong states of which nobody warned, which other oracles are
 * for; the mermap's warnings, which tell callers of their mistakes.
 */
final class WarningsDeserved extends Oracle {
  private final List<Violation> all;
  private final List<String> warnings = new ArrayList<>();

  WarningsDeserved(List<Violation> violations) {
    super("warnings-deserved", violations);
    this.all = violations;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == KernelEvent.WARNING) {
      warnings.add("CPU %d warned of %s at 0x%x".formatted(cpu, KernelWarning.of(a), b));
    }
  }

  @Override
  void inspect() {
    if (all.isEmpty()) {
      warnings.forEach(warning -> violatedAtRest(warning + ", and nothing was wrong"));
    }
    warnings.clear();
  }
}
