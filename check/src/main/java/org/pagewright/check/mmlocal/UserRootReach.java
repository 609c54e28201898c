package org.pagewright.check.mmlocal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.ldt.LdtTable;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.Task;

/**
 * With page-table isolation, user mode's tables do not lead to the memory of others.
 *
 * <p>Property: a kernel address that user mode's top table translates leads to a frame that was
 * handed out to that process, or before the first process. Sees: who was running when a frame was
 * handed out, the tables. Checked: when the mermap maps something, and at rest. Does not check:
 * user addresses, where processes share; the places of the LDT, whose frames a parent allocates;
 * which of a process's own frames it may see.
 */
final class UserRootReach extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED,
          MmEvent.MM_EXIT,
          MmEvent.REGION_USED,
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED,
          MmEvent.MERMAP_GET);

  private static final long NOBODY = -1;

  private final WatchedKernel kernel;
  private final Machine machine;

  /** User mode's top tables, by context. */
  private final Map<Long, Long> roots = new TreeMap<>();

  /** Address of the LDT's places, by context. */
  private final Map<Long, Long> ldts = new HashMap<>();

  /** On whose behalf a frame was handed out. */
  private final Map<Long, Long> owners = new HashMap<>();

  UserRootReach(WatchedKernel kernel, List<Violation> violations) {
    super("user-root-reach", KINDS, violations);
    this.kernel = kernel;
    this.machine = kernel.machine();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> {
        if (c != Mm.NO_PGD) {
          roots.put(a, c);
        }
      }
      case MmEvent.MM_EXIT -> roots.remove(a);
      case MmEvent.REGION_USED -> ldts.put(a, b);
      case KernelEvent.FRAMES_ALLOCATED -> {
        for (long pfn = a; pfn < a + (1L << b) && !roots.isEmpty(); pfn++) {
          owners.put(pfn, context(cpu));
        }
      }
      case KernelEvent.FRAMES_FREED -> {
        for (long pfn = a; pfn < a + (1L << b) && !owners.isEmpty(); pfn++) {
          owners.remove(pfn);
        }
      }
      case MmEvent.MERMAP_GET -> look(context(cpu), cpu);
      default -> {}
    }
  }

  private long context(int cpu) {
    Mm mm = Task.currentMm(machine.cpu(cpu));
    return mm == null ? NOBODY : mm.contextId();
  }

  @Override
  protected void inspect() {
    roots.keySet().forEach(context -> look(context, /* cpu= */ -1));
  }

  private void look(long context, int cpu) {
    Long rootPa = roots.get(context);
    if (rootPa == null) {
      return;
    }
    PteFormat format = machine.format();
    boolean isPae = format.has(PteFormat.Feature.PDPTE_REGISTERS);
    int entries = (int) format.level(format.topLevel()).entries();
    int firstOfKernel = isPae ? entries - 1 : entries / 2;
    long sign = isPae ? 0 : -1L << format.vaBits();
    for (int i = firstOfKernel; i < entries; i++) {
      long va = sign | (long) i << format.level(format.topLevel()).shift();
      lookAt(new Walk(context, cpu), rootPa + (long) i * Long.BYTES, format.topLevel(), va);
    }
  }

  /** For whom a walk is made, and what to say of it. */
  private record Walk(long context, int cpu) {}

  private void lookAt(Walk walk, long entryPa, int level, long va) {
    PteFormat format = machine.format();
    PhysicalMemory memory = machine.memory();
    long entry = memory.read(entryPa);
    if (!format.isPresent(entry, level)) {
      return;
    }
    long pa = format.pa(entry, level);
    if (!format.isTable(entry, level) || level == 1) {
      lookAtLeaf(walk, kernel.frame(pa), va);
      return;
    }
    long bytes = format.levelBytes(level - 1);
    for (int i = 0; i < format.level(level - 1).entries(); i++) {
      lookAt(walk, pa + (long) i * Long.BYTES, level - 1, va + i * bytes);
    }
  }

  private void lookAtLeaf(Walk walk, long pfn, long va) {
    long ldt = ldts.getOrDefault(walk.context, 0L);
    boolean isLdt = ldt != 0 && Long.compareUnsigned(va - ldt, 2L * LdtTable.MAX_BYTES) < 0;
    long owner = owners.getOrDefault(pfn, walk.context);
    if (!isLdt && owner != walk.context) {
      String whose = owner == NOBODY ? "the kernel" : "address space " + owner;
      violated(
          walk.cpu,
          "user mode's tables of address space %d lead from 0x%x to frame 0x%x of %s"
              .formatted(walk.context, va, pfn, whose));
    }
  }
}
