package org.pagewright.kernel.ldt;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pti.TopTables;

/**
 * A booted x86 kernel whose processes have an mm-local region and an LDT, with page-table isolation
 * where the configuration asks for it.
 */
public final class LdtKernel implements AutoCloseable {
  /** Parts that somebody may want otherwise. */
  public interface Parts {
    /** As the newest version of the series has them. */
    Parts SOUND = new Parts() {};

    /** The region of every process: on demand, shared as a whole. */
    default MmLocalRegion region(KernelMachine kernel) {
      return new MmLocalRegion(
          MmLocalLayout.of(kernel.machine().format()),
          MmLocalRegion.Policy.ON_DEMAND,
          kernel.tables(),
          kernel.tablePages(),
          kernel.shootdown(),
          kernel.machine().events());
    }

    /** The system call, with segments of 16 bits allowed. */
    default ModifyLdt ldt(KernelMachine kernel, MmLocalRegion region) {
      return new ModifyLdt(kernel, region);
    }
  }

  private final KernelMachine kernel;
  private final MmLocalRegion region;
  private final ModifyLdt ldt;
  private final Processes processes;

  /** Boots a kernel with these parts. */
  public LdtKernel(KernelConfig config, Parts parts) {
    this.kernel = KernelMachine.boot(config);
    this.region = parts.region(kernel);
    this.ldt = parts.ldt(kernel, region);
    this.processes = new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
    processes.add(region);
    processes.add(ldt);
  }

  public KernelMachine kernel() {
    return kernel;
  }

  public Cpu cpu(int id) {
    return kernel.cpu(id);
  }

  public MmLocalRegion region() {
    return region;
  }

  public ModifyLdt ldt() {
    return ldt;
  }

  public Processes processes() {
    return processes;
  }

  /** A new process whose first thread runs on a CPU; null when memory is short. */
  public @Nullable Mm start(Cpu cpu) {
    Mm mm = processes.createMm(cpu);
    if (mm != null) {
      runThread(cpu, mm);
    }
    return mm;
  }

  /** Lets a new thread of a process run on a CPU. */
  public void runThread(Cpu cpu, Mm mm) {
    processes.run(cpu, processes.createTask(Task.Kind.USER, mm));
  }

  /**
   * Writes an entry of the LDT of the process on a CPU.
   *
   * @return 0 or a negative error
   */
  public int write(Cpu cpu, UserDescriptor wanted, boolean isOldMode) {
    int function = isOldMode ? ModifyLdt.WRITE_OLD : ModifyLdt.WRITE;
    return ldt.call(cpu, function, UserBuffer.of(wanted.bytes()), UserDescriptor.BYTES);
  }

  /** Pages that the page allocator handed out and did not get back. */
  public long usedPages() {
    long pages = kernel.machine().memory().map().ramBytes() / kernel.machine().format().pageBytes();
    return pages - kernel.allocator().freePages() - kernel.allocator().pcpPages();
  }

  @Override
  public void close() {
    kernel.close();
  }
}
