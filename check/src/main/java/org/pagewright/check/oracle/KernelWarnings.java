package org.pagewright.check.oracle;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelWarning;
import org.pagewright.kernel.mm.MmEvent;

/**
 * The kernel warns of nothing that is right.
 *
 * <p>Property: in a run in which every other property held, the kernel did not warn. Sees: warnings
 * of the LDT code, of code that maps the kernel and of the linear map, what the other oracles
 * found. Checked: at rest. Does not check: warnings of the mermap, which tell callers of their
 * mistakes.
 */
final class KernelWarnings extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(MmEvent.LDT_WARNING, KernelEvent.WARNING);

  private final List<Violation> violations;
  private final List<String> warnings = new ArrayList<>();
  private final List<Integer> cpus = new ArrayList<>();

  KernelWarnings(List<Violation> violations) {
    super("warnings", KINDS, violations);
    this.violations = violations;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == MmEvent.LDT_WARNING) {
      warnings.add("the LDT code warned, reason " + b + ", of address space " + a);
      cpus.add(cpu);
    } else if (kind == KernelEvent.WARNING) {
      warnings.add("%s at 0x%x was warned of".formatted(KernelWarning.of(a), b));
      cpus.add(cpu);
    }
  }

  @Override
  protected void inspect() {
    if (violations.isEmpty()) {
      for (int i = 0; i < warnings.size(); i++) {
        violated(cpus.get(i), warnings.get(i));
      }
    }
    warnings.clear();
    cpus.clear();
  }
}
