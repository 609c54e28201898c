package org.pagewright.check.mmlocal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;

/**
 * What a CPU's LDTR points to is there, in both modes.
 *
 * <p>Property: with page-table isolation, a loaded descriptor table is an alias that both top
 * tables of its process lead to: the same frames, readable by the kernel only, not global. Sees:
 * top tables and their end, what CPUs load, the tables. Checked: when it is loaded, after each
 * flush of the address space, at rest. Does not check: kernels without isolation, whose LDTR has an
 * address of the direct map; the descriptors that a CPU holds in segment registers.
 */
final class LdtReachable extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED, MmEvent.MM_EXIT, MmEvent.LDT_LOADED, KernelEvent.FLUSHED_MM);

  private static final long NO_ROOT = -1;

  /** Top tables of a process; {@code user} is -1 without isolation. */
  private record Roots(long kernel, long user) {}

  /** What a CPU has loaded. */
  private record Loaded(long context, long va, long bytes) {}

  private static final Loaded NOTHING = new Loaded(-1, 0, 0);

  private final Machine machine;
  private final Map<Long, Roots> roots = new HashMap<>();
  private final Loaded[] loaded;

  LdtReachable(WatchedKernel kernel, List<Violation> violations) {
    super("ldt-reachable", KINDS, violations);
    this.machine = kernel.machine();
    this.loaded = new Loaded[machine.cpus()];
    Arrays.fill(loaded, NOTHING);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> roots.put(a, new Roots(b, c));
      // A process that ends does not go back to user mode.
      case MmEvent.MM_EXIT -> roots.remove(a);
      case MmEvent.LDT_LOADED -> {
        loaded[cpu] = c == 0 ? NOTHING : new Loaded(a, b, c);
        look(cpu, cpu);
      }
      case KernelEvent.FLUSHED_MM -> {
        for (int i = 0; i < loaded.length; i++) {
          if (loaded[i].context == a) {
            look(i, cpu);
          }
        }
      }
      default -> {}
    }
  }

  @Override
  protected void inspect() {
    for (int i = 0; i < loaded.length; i++) {
      look(i, /* cpu= */ -1);
    }
  }

  private void look(int holder, int cpu) {
    Loaded table = loaded[holder];
    Roots both = roots.get(table.context);
    if (both == null || both.user == NO_ROOT) {
      return;
    }
    if (table.va == 0) {
      violated(cpu, "CPU " + holder + " loaded a table that user mode's tables cannot lead to");
      return;
    }
    long pageBytes = machine.format().pageBytes();
    for (long va = table.va; va < table.va + table.bytes; va += pageBytes) {
      long ofKernel = walk(both.kernel, va);
      long ofUser = walk(both.user, va);
      String wrong = wrong(ofKernel, ofUser, va);
      if (wrong != null) {
        violated(cpu, "CPU %d has its table at 0x%x, which %s".formatted(holder, va, wrong));
        return;
      }
    }
  }

  private static @Nullable String wrong(long ofKernel, long ofUser, long va) {
    if (Translation.isFault(ofKernel)) {
      return "the kernel's tables do not map";
    }
    if (Translation.isFault(ofUser)) {
      return "user mode's tables do not map";
    }
    if (Translation.pa(ofKernel, va) != Translation.pa(ofUser, va)) {
      return "user mode's tables map to another frame";
    }
    int granted = Translation.rights(ofKernel) | Translation.rights(ofUser);
    if ((granted & Rights.GLOBAL) != 0) {
      return "is mapped globally and would outlive the process's turn";
    }
    return (granted & (Rights.USER | Rights.KERNEL_WRITE)) != 0 ? "is not read-only" : null;
  }

  private long walk(long rootPa, long va) {
    PagingRegisters registers = new PagingRegisters(machine.format());
    boolean isLoaded = machine.walker().loadRoot(registers, rootPa);
    assert isLoaded : Long.toHexString(rootPa);
    return machine.walker().walk(registers, va);
  }
}
