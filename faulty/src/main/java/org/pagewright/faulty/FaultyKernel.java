package org.pagewright.faulty;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapZeroing;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretServices;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/** A small kernel of two CPUs under all oracles, with parts that a bug may exchange. */
public final class FaultyKernel implements WatchedWorld {
  private static final long RAM_BYTES = 64L << 20;

  /** Makes the mermap of a kernel. */
  @FunctionalInterface
  public interface MermapMaker {
    Mermap make(
        MermapConfig config, MmLocalRegion region, KernelMachine kernel, TlbShootdown shootdown);
  }

  /** Makes what flushes other CPUs. */
  @FunctionalInterface
  public interface ShootdownMaker {
    TlbShootdown make(KernelMachine kernel);
  }

  private final KernelMachine kernel;
  private final TlbShootdown shootdown;
  private final Mermap mermap;
  private final Processes processes;
  private final SecretServices services;
  private final Oracles oracles;
  private final List<Mm> made = new ArrayList<>();

  /** A kernel on x86-64 with four levels. */
  public FaultyKernel(MermapConfig config, MermapMaker mermaps, ShootdownMaker shootdowns) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.of(RAM_BYTES));
    this.kernel = KernelMachine.boot(KernelConfig.bare(hardware));
    this.shootdown = shootdowns.make(kernel);
    MmLocalRegion region =
        new MmLocalRegion(
            MmLocalLayout.of(hardware.format()),
            MmLocalRegion.Policy.ON_DEMAND,
            kernel.tables(),
            kernel.tablePages(),
            shootdown,
            kernel.machine().events());
    this.mermap = mermaps.make(config, region, kernel, shootdown);
    this.processes = new Processes(kernel.machine(), shootdown, TopTables.of(kernel));
    processes.add(region);
    processes.add(mermap);
    CostLedger ledger = new CostLedger(hardware.cpus());
    int pageShift = hardware.format().pageShift();
    int blockOrder = kernel.allocator().config().blockOrder();
    kernel
        .allocator()
        .setZeroing(new MermapZeroing(mermap, kernel.tags(), ledger, pageShift, blockOrder));
    this.services =
        new SecretServices(
            kernel.allocator(),
            kernel.directMap(),
            shootdown,
            mermap,
            kernel.tags(),
            kernel.machine().events(),
            ledger,
            pageShift);
    this.oracles =
        new Oracles(
            new WatchedKernel(kernel.machine(), kernel.directMap(), kernel.allocator(), mermap));
  }

  /** The kernel without a bug. */
  public static FaultyKernel sound() {
    return with(MermapConfig.V2);
  }

  /** The same with another version of the mermap. */
  public static FaultyKernel with(MermapConfig config) {
    return new FaultyKernel(config, Mermap::new, KernelMachine::shootdown);
  }

  /** The kernel with another mermap. */
  public static FaultyKernel with(MermapMaker mermaps) {
    return new FaultyKernel(MermapConfig.V2, mermaps, KernelMachine::shootdown);
  }

  /** The kernel with another way to flush other CPUs. */
  public static FaultyKernel with(ShootdownMaker shootdowns) {
    return new FaultyKernel(MermapConfig.V2, Mermap::new, shootdowns);
  }

  public Cpu cpu(int id) {
    return kernel.cpu(id);
  }

  public KernelMachine kernel() {
    return kernel;
  }

  /** What flushes for processes and files; the direct map keeps the kernel's own. */
  public TlbShootdown shootdown() {
    return shootdown;
  }

  public Mermap mermap() {
    return mermap;
  }

  public Processes processes() {
    return processes;
  }

  /** Pages of secret files, asked for as the newest version of the series does. */
  public SecretPages secretPages() {
    return new SecretPages(services, PoolRequest.ALLOC_FLAG);
  }

  /** A process that runs on a CPU. */
  public Mm run(int cpu) {
    Mm mm = processes.createMm(cpu(cpu));
    if (mm == null) {
      throw new IllegalStateException("a fresh kernel has too little memory");
    }
    made.add(mm);
    runThread(cpu, mm);
    return mm;
  }

  /** One more thread of a process, on a CPU. */
  public Task runThread(int cpu, Mm mm) {
    Task thread = processes.createTask(Task.Kind.USER, mm);
    processes.run(cpu(cpu), thread);
    return thread;
  }

  /** A process that runs on a CPU with its mermap prepared. */
  public Mm runPrepared(int cpu) {
    Mm mm = run(cpu);
    if (mermap.prepare(cpu(cpu), mm) != 0) {
      throw new IllegalStateException("a fresh kernel has too little memory");
    }
    return mm;
  }

  /**
   * The same where memory may be short.
   *
   * @return 0 or a negative error
   */
  public int tryRunPrepared(int cpu) {
    Mm mm = processes.createMm(cpu(cpu));
    if (mm == null) {
      return -Errno.ENOMEM;
    }
    made.add(mm);
    processes.run(cpu(cpu), processes.createTask(Task.Kind.USER, mm));
    return mermap.prepare(cpu(cpu), mm);
  }

  /** Lets a CPU run a kernel thread. */
  public void runKernelThread(int cpu) {
    processes.run(cpu(cpu), processes.createTask(Task.Kind.KERNEL_THREAD, null));
  }

  @Override
  public Machine machine() {
    return kernel.machine();
  }

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public List<Violation> inspectEmptied() {
    for (int id = 0; id < machine().cpus(); id++) {
      runKernelThread(id);
    }
    for (Mm mm : made) {
      if (!mm.isDead()) {
        processes.exit(cpu(0), mm);
      }
    }
    return oracles.inspectEmptied();
  }

  @Override
  public void inject(FaultInjection faults) {
    kernel.allocator().setFaults(faults);
    mermap.setFaults(faults);
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
