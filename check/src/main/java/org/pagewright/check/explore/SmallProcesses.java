package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtTable;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.ldt.UserBuffer;
import org.pagewright.kernel.ldt.UserDescriptor;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mermap.MermapZeroing;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pti.TopTables;

/** The processes of a small kernel, with what they do in their mm-local regions. */
final class SmallProcesses {
  private static final int FRAMES_ORDER = 9;

  private final KernelMachine kernel;
  private final Mermap mermap;
  private final ModifyLdt ldt;
  private final Processes processes;

  /** Frames that mappings lead to; every other one begins at the second. */
  private final long framePfn;

  private int mapped;
  private final List<List<Long>> handles = new ArrayList<>();
  private final List<Mm> made = new ArrayList<>();

  /** No process yet. */
  SmallProcesses(KernelMachine kernel, CostLedger ledger) {
    this.kernel = kernel;
    MmLocalRegion region =
        new MmLocalRegion(
            MmLocalLayout.of(kernel.machine().format()),
            MmLocalRegion.Policy.ON_DEMAND,
            kernel.tables(),
            kernel.tablePages(),
            kernel.shootdown(),
            kernel.machine().events());
    this.mermap = new Mermap(MermapConfig.V2, region, kernel, kernel.shootdown());
    this.ldt = new ModifyLdt(kernel, region);
    this.processes = new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
    processes.add(region);
    processes.add(mermap);
    processes.add(ldt);
    kernel
        .allocator()
        .setZeroing(
            new MermapZeroing(
                mermap,
                kernel.tags(),
                ledger,
                kernel.machine().format().pageShift(),
                kernel.allocator().config().blockOrder()));
    this.framePfn = kernel.allocator().allocate(kernel.cpu(0), Gfp.KERNEL, FRAMES_ORDER);
    for (int cpu = 0; cpu < kernel.machine().cpus(); cpu++) {
      handles.add(new ArrayList<>());
    }
  }

  Mermap mermap() {
    return mermap;
  }

  /** Every CPU runs a thread of one process. */
  void startThreads() {
    long error = start(kernel.cpu(0));
    Mm mm = made.getFirst();
    for (int cpu = 1; cpu < kernel.machine().cpus(); cpu++) {
      processes.run(kernel.cpu(cpu), processes.createTask(Task.Kind.USER, mm));
    }
    if (error != 0) {
      throw new IllegalStateException("a fresh kernel has too little memory");
    }
  }

  long start(Cpu cpu) {
    putAll(cpu);
    Mm mm = processes.createMm(cpu);
    if (mm == null) {
      return -Errno.ENOMEM;
    }
    made.add(mm);
    long left = leave(cpu, mm);
    int error = mermap.prepare(cpu, mm);
    return error != 0 ? error : left;
  }

  long copyProcess(Cpu cpu) {
    Mm mm = Task.currentMm(cpu);
    if (mm == null) {
      return 0;
    }
    Mm child = processes.duplicateMm(cpu, mm);
    if (child == null) {
      return -Errno.ENOMEM;
    }
    made.add(child);
    return 0;
  }

  long idle(Cpu cpu) {
    putAll(cpu);
    processes.run(cpu, processes.createTask(Task.Kind.KERNEL_THREAD, null));
    return 0;
  }

  long exit(Cpu cpu) {
    putAll(cpu);
    return leave(cpu, null);
  }

  /** The CPU goes over to {@code next}; the process that nobody runs any more ends. */
  private long leave(Cpu cpu, @Nullable Mm next) {
    Mm old = Task.currentMm(cpu);
    Task.Kind kind = next == null ? Task.Kind.KERNEL_THREAD : Task.Kind.USER;
    processes.run(cpu, processes.createTask(kind, next));
    if (old != null && !old.isDead() && !isRun(old)) {
      processes.exit(cpu, old);
    }
    return 0;
  }

  private boolean isRun(Mm mm) {
    for (int cpu = 0; cpu < kernel.machine().cpus(); cpu++) {
      if (Task.currentMm(kernel.cpu(cpu)) == mm) {
        return true;
      }
    }
    return false;
  }

  void endAll() {
    for (int cpu = 0; cpu < kernel.machine().cpus(); cpu++) {
      idle(kernel.cpu(cpu));
    }
    for (Mm mm : made) {
      if (!mm.isDead()) {
        processes.exit(kernel.cpu(0), mm);
      }
    }
  }

  // ---- mappings of one CPU

  long mermapGet(Cpu cpu, int pages) {
    if (!mermap.isReady(cpu)) {
      return 0;
    }
    long bytes = (long) pages << kernel.machine().format().pageShift();
    long handle = mermap.get(cpu, framePfn + mapped++ % 2, bytes, Rights.KERNEL_READ);
    if (handle == MermapHandle.NONE) {
      return -Errno.ENOMEM;
    }
    handles.get(cpu.id()).add(handle);
    cpu.load(MermapHandle.va(handle), Access.READ);
    return 0;
  }

  long mermapPut(Cpu cpu) {
    List<Long> mine = handles.get(cpu.id());
    if (!mine.isEmpty()) {
      mermap.put(cpu, mine.removeLast());
    }
    return 0;
  }

  private void putAll(Cpu cpu) {
    while (!handles.get(cpu.id()).isEmpty()) {
      mermapPut(cpu);
    }
  }

  // ---- local descriptor tables

  /**
   * The CPU reads the first entry of the table that its LDTR points to, as loading a segment does,
   * in both modes. A table that was exchanged meanwhile is read again.
   */
  long useLdt(Cpu cpu) {
    LdtTable table = ldt.loaded(cpu.id());
    if (table == null || table.slot() == LdtTable.NO_SLOT) {
      return 0;
    }
    boolean isRead = reads(cpu, table);
    if (isRead) {
      kernel.shootdown().enterUser(cpu);
      isRead = reads(cpu, table);
      kernel.shootdown().enterKernel(cpu);
    }
    if (!isRead && ldt.loaded(cpu.id()) != table) {
      return useLdt(cpu);
    }
    return isRead ? 0 : -Errno.EFAULT;
  }

  private boolean reads(Cpu cpu, LdtTable table) {
    cpu.load(ldt.slotVa(table.slot()), Access.READ);
    return cpu.mmu().fault() == 0;
  }

  long writeLdt(Cpu cpu, int slot) {
    if (Task.currentMm(cpu) == null) {
      return 0;
    }
    UserDescriptor data = new UserDescriptor(slot, 0, 10, UserDescriptor.SEG_32BIT);
    return ldt.call(cpu, ModifyLdt.WRITE, UserBuffer.of(data.bytes()), UserDescriptor.BYTES);
  }
}
