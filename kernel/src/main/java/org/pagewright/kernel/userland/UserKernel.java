package org.pagewright.kernel.userland;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.reclaim.Kswapd;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.UserMemory;
import org.pagewright.kernel.vm.VmConfig;
import org.pagewright.kernel.vm.VmParts;
import org.pagewright.kernel.vm.VmServices;

/** A booted kernel with processes that have user memory and, on x86, an LDT. */
public final class UserKernel implements AutoCloseable {
  /** Makes the parts of user memory that decide something; a study exchanges one. */
  @FunctionalInterface
  public interface PartsMaker {
    VmParts make(VmServices services);
  }

  private final KernelMachine kernel;
  private final VmServices services;
  private final UserMemory memory;
  private final UserMode userMode;
  private final Processes processes;
  private final @Nullable ModifyLdt ldt;

  /** Processes on a booted kernel, whose gathers release pages to them from here on. */
  public UserKernel(
      KernelMachine kernel, UserTables tables, VmConfig config, PartsMaker partsMaker) {
    this.kernel = kernel;
    this.services = new VmServices(kernel.machine(), tables, config);
    this.memory = new UserMemory(services, partsMaker.make(services));
    this.userMode = new UserMode(memory);
    this.processes = new Processes(kernel.machine(), services.shootdown(), TopTables.of(kernel));
    MmLocalRegion region = region(kernel, services);
    this.ldt = region == null ? null : ldt(kernel, services, region);
    if (region != null && ldt != null) {
      processes.add(region);
      processes.add(ldt);
    }
    processes.add(memory);
  }

  /** Boots a kernel as Linux 7.0 configures it on the machine's architecture. */
  public static UserKernel boot(KernelConfig config, VmConfig vm) {
    KernelMachine kernel = KernelMachine.boot(config);
    return new UserKernel(kernel, UserTables.of(kernel), vm, VmParts::of);
  }

  private static @Nullable MmLocalRegion region(KernelMachine kernel, VmServices services) {
    if (!MmLocalLayout.isSupported(kernel.machine().format())) {
      return null;
    }
    return new MmLocalRegion(
        MmLocalLayout.of(kernel.machine().format()),
        MmLocalRegion.Policy.ON_DEMAND,
        kernel.tables(),
        kernel.tablePages(),
        services.shootdown(),
        kernel.machine().events());
  }

  private static ModifyLdt ldt(KernelMachine kernel, VmServices services, MmLocalRegion region) {
    return new ModifyLdt(
        kernel.machine(),
        region,
        kernel.tables(),
        kernel.allocator(),
        services.shootdown(),
        /* allows16Bit= */ true);
  }

  public KernelMachine kernel() {
    return kernel;
  }

  public Cpu cpu(int id) {
    return kernel.cpu(id);
  }

  public VmServices services() {
    return services;
  }

  public UserMemory memory() {
    return memory;
  }

  public UserMode userMode() {
    return userMode;
  }

  public Processes processes() {
    return processes;
  }

  /** The system call modify_ldt; null where the architecture has no such table. */
  public @Nullable ModifyLdt ldt() {
    return ldt;
  }

  /**
   * Lets pages of these files be taken back when memory is short: by requests that wait for it, and
   * ahead of them by kswapd, which has its turn on the CPU whose fault is about to return. Without
   * this nothing is reclaimed, for nobody has said what may be.
   */
  public Kswapd startKswapd(List<FilePages> files) {
    PageCacheReclaim reclaim = new PageCacheReclaim(memory, files);
    kernel.allocator().setReclaim(reclaim);
    Kswapd kswapd = new Kswapd(kernel.allocator(), reclaim);
    userMode.setBeforeReturn(kswapd::runAll);
    return kswapd;
  }

  /** A new process that runs on the CPU; null when memory is short. */
  public @Nullable AddressSpace start(Cpu cpu) {
    Mm mm = processes.createMm(cpu);
    return mm == null ? null : run(cpu, mm);
  }

  /** A new thread of a process that runs on the CPU. */
  public AddressSpace run(Cpu cpu, Mm mm) {
    processes.run(cpu, processes.createTask(Task.Kind.USER, mm));
    return AddressSpace.of(mm);
  }

  /** Lets a kernel thread run on the CPU, which keeps the last process's tables lazily. */
  public void idle(Cpu cpu) {
    processes.run(cpu, processes.createTask(Task.Kind.KERNEL_THREAD, null));
  }

  /** Ends a process that runs nowhere any more. */
  public void exit(Cpu cpu, AddressSpace space) {
    processes.exit(cpu, space.mm());
  }

  /** Waits until everything that waits for a grace period is freed. */
  public void settle(Cpu cpu) {
    services.grace().barrier(cpu);
  }

  /** Frames that are not free. */
  public long usedPages() {
    return kernel.machine().memory().map().ramBytes() / kernel.machine().format().pageBytes()
        - kernel.allocator().freePages()
        - kernel.allocator().pcpPages();
  }

  @Override
  public void close() {
    services.close();
    kernel.close();
  }
}
