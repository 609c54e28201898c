package org.pagewright.check.oracle;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.kernel.mermap.MermapView;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.Task;

/**
 * An ephemeral mapping has addresses of its own, and they are fresh.
 *
 * <p>Property: a mapping lies in the window of the CPU that made it, overlaps no other mapping of
 * the same address space, and the CPU holds no translation of its addresses to another frame. Sees:
 * mappings made and ended, the CPU's translation cache. Checked: when a mapping is made. Does not
 * check: mappings made on behalf of an address space that the current task does not have.
 */
final class MermapAddresses extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(MmEvent.MERMAP_GET, MmEvent.MERMAP_PUT);

  /** Addresses that are handed out in an address space. */
  private record Mapping(long context, long from, long to) {}

  private final Machine machine;
  private final @Nullable MermapView mermap;
  private final List<Mapping> live = new ArrayList<>();

  MermapAddresses(WatchedKernel kernel, List<Violation> violations) {
    super("mermap-addresses", KINDS, violations);
    this.machine = kernel.machine();
    this.mermap = kernel.mermap();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    MermapView view = mermap;
    if (view == null) {
      return;
    }
    Mm mm = Task.currentMm(machine.cpu(cpu));
    long context = mm == null ? -1 : mm.contextId();
    if (kind == MmEvent.MERMAP_GET) {
      long bytes = c * machine.format().pageBytes();
      made(view, machine.cpu(cpu), new Mapping(context, a, a + bytes), b);
    } else if (kind == MmEvent.MERMAP_PUT) {
      live.removeIf(other -> other.context == context && other.from == a);
    }
  }

  private void made(MermapView view, Cpu cpu, Mapping mapping, long pfn) {
    if (mapping.from < view.windowBase(cpu.id()) || mapping.to > view.windowEnd(cpu.id())) {
      violated(cpu.id(), "0x%x is outside the window of %s".formatted(mapping.from, cpu));
    }
    for (Mapping other : live) {
      boolean overlaps = mapping.from < other.to && other.from < mapping.to;
      if (overlaps && other.context == mapping.context) {
        violated(cpu.id(), "0x%x was handed out while in use".formatted(mapping.from));
      }
    }
    live.add(mapping);
    cpu.tlb()
        .forEachEntry((array, va, asid, shift, translation) -> {
          boolean isUsable = asid == cpu.registers().asid() || asid == Tlb.GLOBAL;
          boolean isInside = va >= mapping.from && va < mapping.to;
          if (isUsable && isInside && !Translation.isFault(translation)) {
            long offset = va - mapping.from;
            long wanted = pfn * machine.format().pageBytes() + offset;
            if (Translation.pa(translation, va) != wanted) {
              violated(
                  cpu.id(),
                  "%s still translates 0x%x, handed out again, to another frame"
                      .formatted(cpu, va));
            }
          }
        });
  }
}
