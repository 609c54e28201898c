package org.pagewright.faulty.vm;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.userland.UserMode;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.SharedTables;
import org.pagewright.kernel.vm.UserMemory;
import org.pagewright.kernel.vm.VmConfig;
import org.pagewright.kernel.vm.VmParts;
import org.pagewright.kernel.vm.VmServices;

/** A kernel of two CPUs with user memory under all oracles; at the end every process exits. */
final class ProgramWorld implements WatchedWorld {
  private static final long RAM_BYTES = 32L << 20;

  /** Exchanges a part of user memory. */
  @FunctionalInterface
  interface PartsChange {
    VmParts apply(VmServices services, VmParts parts);
  }

  private final UserKernel kernel;
  private final Oracles oracles;
  private final FilePages file;
  private SharedTables.@Nullable HugeFile hugeFile;
  private final AddressSpace[] spaces = new AddressSpace[2];
  private int processes;

  /** A world on one format. */
  ProgramWorld(String format, PartsChange change) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(RAM_BYTES));
    KernelMachine machine = KernelMachine.boot(KernelConfig.bare(hardware));
    this.kernel =
        new UserKernel(
            machine,
            UserTables.of(machine),
            VmConfig.LINUX_7_0,
            services -> change.apply(services, VmParts.of(services)));
    this.file = kernel.memory().createFile("file", 1);
    this.oracles =
        new Oracles(
            new WatchedKernel(
                machine.machine(), machine.directMap(), machine.allocator(), /* mermap= */ null));
    kernel.idle(kernel.cpu(0));
    kernel.idle(kernel.cpu(1));
  }

  /** Changes what {@code isPlanted} says. */
  static PartsChange when(boolean isPlanted, PartsChange change) {
    return isPlanted ? change : (services, parts) -> parts;
  }

  UserMemory memory() {
    return kernel.memory();
  }

  UserMode userMode() {
    return kernel.userMode();
  }

  VmServices services() {
    return kernel.services();
  }

  /** A file of one page. */
  FilePages file() {
    return file;
  }

  long pageBytes() {
    return machine().format().pageBytes();
  }

  /** A new process that runs on a CPU. */
  AddressSpace start(int cpu) {
    AddressSpace space = requireNonNull(kernel.start(kernel.cpu(cpu)));
    spaces[processes++] = space;
    return space;
  }

  /** Another thread of a process. */
  void alsoOn(int cpu, AddressSpace space) {
    kernel.run(kernel.cpu(cpu), space.mm());
  }

  /** Process n, in the order of their starts. */
  AddressSpace space(int n) {
    return spaces[n];
  }

  /** Maps the file shared and stores to it. */
  long mapFile(Cpu cpu, AddressSpace space, int access) {
    long va = memory().map(cpu, space, new MapRequest(0, pageBytes(), access, true, file, 0));
    require(userMode().store(cpu, va, 1) == 0);
    return va;
  }

  /** A file of so many huge pages. */
  SharedTables.HugeFile hugeFile(long pages) {
    hugeFile = memory().shared().createFile(pages);
    return hugeFile;
  }

  static void require(boolean condition) {
    if (!condition) {
      throw new IllegalStateException("the scenario does not begin as it should");
    }
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
  public List<Violation> inspect() {
    Cpu cpu = kernel.cpu(0);
    kernel.idle(cpu);
    kernel.idle(kernel.cpu(1));
    for (int i = 0; i < processes; i++) {
      kernel.exit(cpu, spaces[i]);
    }
    require(memory().truncate(cpu, file, 0) == 0);
    if (hugeFile != null) {
      hugeFile.release(cpu);
    }
    kernel.settle(cpu);
    return oracles.inspectEmptied();
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
