package org.pagewright.faulty.ldt;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtKernel;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.ldt.UserDescriptor;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/** A small kernel of two CPUs with LDTs, a mermap where there is room, and page-table isolation. */
public final class LdtWorld implements WatchedWorld {
  private static final long RAM_BYTES = 32L << 20;

  private final LdtKernel kernel;
  private final @Nullable Mermap mermap;
  private final Oracles oracles;
  private final List<Mm> made = new ArrayList<>();

  /** A kernel in a mode of x86 with these parts. */
  public LdtWorld(String format, LdtKernel.Parts parts) {
    this(config(format), parts);
  }

  /** A kernel with these parts. */
  public LdtWorld(KernelConfig config, LdtKernel.Parts parts) {
    this.kernel = new LdtKernel(config, parts);
    this.mermap = hasMermap() ? mermap() : null;
    this.oracles =
        new Oracles(
            new WatchedKernel(
                machine(), kernel.kernel().directMap(), kernel.kernel().allocator(), mermap));
  }

  /** The configuration of a small kernel with isolation. */
  public static KernelConfig config(String format) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(RAM_BYTES));
    return KernelConfig.bare(hardware).withIsolation(true);
  }

  /** Makes the system call of a kernel. */
  @FunctionalInterface
  public interface LdtMaker {
    ModifyLdt make(KernelMachine kernel, MmLocalRegion region);
  }

  /** A kernel with another system call. */
  public static LdtWorld with(String format, LdtMaker maker) {
    return new LdtWorld(
        format,
        new LdtKernel.Parts() {
          @Override
          public ModifyLdt ldt(KernelMachine machine, MmLocalRegion region) {
            return maker.make(machine, region);
          }
        });
  }

  /** A kernel without a bug. */
  public static LdtWorld sound(String format) {
    return new LdtWorld(format, LdtKernel.Parts.SOUND);
  }

  private boolean hasMermap() {
    return kernel.region().layout().mermapBytes() > 0;
  }

  private Mermap mermap() {
    KernelMachine parts = kernel.kernel();
    Mermap made =
        new Mermap(
            MermapConfig.V2,
            kernel.region(),
            parts.tables(),
            parts.allocator(),
            parts.shootdown(),
            parts.machine().events(),
            parts.machine().cpus());
    kernel.processes().add(made);
    return made;
  }

  public LdtKernel kernel() {
    return kernel;
  }

  /** The mermap; there is none with PAE. */
  public Mermap requireMermap() {
    if (mermap == null) {
      throw new IllegalArgumentException("no room for a mermap");
    }
    return mermap;
  }

  /** A new process that runs on a CPU. */
  public @Nullable Mm start(Cpu cpu) {
    Mm mm = kernel.start(cpu);
    if (mm != null) {
      made.add(mm);
    }
    return mm;
  }

  /** Forks a process, which does not run. */
  public @Nullable Mm fork(Cpu cpu, Mm parent) {
    Mm child = kernel.processes().duplicateMm(cpu, parent);
    if (child != null) {
      made.add(child);
    }
    return child;
  }

  /**
   * Writes an entry of the LDT of the process on a CPU.
   *
   * @return 0 or a negative error
   */
  public int write(Cpu cpu, int entry) {
    UserDescriptor wanted = new UserDescriptor(entry, 0, 10, UserDescriptor.SEG_32BIT);
    return kernel.write(cpu, wanted, /* isOldMode= */ false);
  }

  /**
   * What processes with LDTs do: one starts, writes twice and forks; then a thread of it writes on
   * another CPU.
   *
   * @param worlds makes a kernel
   */
  public static Trial<LdtWorld> lives(Supplier<LdtWorld> worlds) {
    return Trial.ofTwo(
        worlds,
        Act.of("start, write the LDT twice, fork", LdtWorld::live),
        Act.of("write the LDT in another thread", LdtWorld::writeElsewhere));
  }

  /** Looks for a bug of the system call in such lives, each request for memory failing in turn. */
  static Search failingLives(LdtMaker faulty) {
    String format = "x86_64-4level";
    return FaultSearch.of(
        isPlanted -> lives(() -> isPlanted ? with(format, faulty) : sound(format)),
        /* pairsMax= */ 0);
  }

  private long live(Cpu cpu) {
    Mm mm = start(cpu);
    if (mm == null) {
      return -Errno.ENOMEM;
    }
    int error = write(cpu, 0);
    if (error == 0) {
      error = write(cpu, 600);
    }
    return error != 0 || fork(cpu, mm) != null ? error : -Errno.ENOMEM;
  }

  private long writeElsewhere(Cpu cpu) {
    if (made.isEmpty()) {
      return 0;
    }
    kernel.runThread(cpu, made.getFirst());
    return write(cpu, 1);
  }

  @Override
  public Machine machine() {
    return kernel.kernel().machine();
  }

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public List<Violation> inspectEmptied() {
    for (int id = 0; id < machine().cpus(); id++) {
      Cpu cpu = machine().cpu(id);
      Task thread = kernel.processes().createTask(Task.Kind.KERNEL_THREAD, null);
      kernel.processes().run(cpu, thread);
    }
    for (Mm mm : made) {
      if (!mm.isDead()) {
        kernel.processes().exit(kernel.cpu(0), mm);
      }
    }
    return oracles.inspectEmptied();
  }

  @Override
  public void inject(FaultInjection faults) {
    kernel.kernel().allocator().setFaults(faults);
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
