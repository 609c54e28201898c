package org.pagewright.check.oracle;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.Task;

/**
 * A task is pinned to its CPU only while it holds a mapping that needs it.
 *
 * <p>Property: at rest each running task has disabled migration as often as it holds mermap
 * mappings, whatever failed on the way. Sees: mappings made and ended, the CPUs' depths. Checked:
 * at rest. Does not check: tasks that do not run; other users of {@code migrate_disable()}, of
 * which this kernel has none.
 */
final class MigrationBalance extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(MmEvent.MERMAP_GET, MmEvent.MERMAP_PUT);

  private final Machine machine;

  /** Mappings that each task holds. */
  private final Map<Integer, Integer> held = new HashMap<>();

  MigrationBalance(WatchedKernel kernel, List<Violation> violations) {
    super("migration-balance", KINDS, violations);
    this.machine = kernel.machine();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == MmEvent.MERMAP_GET || kind == MmEvent.MERMAP_PUT) {
      Task task = Task.current(machine.cpu(cpu));
      if (task != null) {
        held.merge(task.id(), kind == MmEvent.MERMAP_GET ? 1 : -1, Integer::sum);
      }
    }
  }

  @Override
  protected void inspect() {
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu cpu = machine.cpu(i);
      Task task = Task.current(cpu);
      int mappings = task == null ? 0 : held.getOrDefault(task.id(), 0);
      if (cpu.migrationDepth() != mappings) {
        violatedAtRest(
            "%s disabled migration %d times on %s and holds %d mappings"
                .formatted(task, cpu.migrationDepth(), cpu, mappings));
      }
    }
  }
}
