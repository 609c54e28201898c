package org.pagewright.check.explore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretServices;
import org.pagewright.kernel.secret.SecretmemConfig;

/** A freshly booted kernel of two CPUs with one secret file, under all oracles. */
public final class SmallKernel implements World {
  /** CPUs of every small kernel. */
  public static final int CPUS = 2;

  private static final long RAM_BYTES = 32L << 20;
  private static final long PATTERN = 0x5a5a_5a5a_5a5a_5a5aL;

  /** Makes the page cache of the secret file; a planted bug makes another one. */
  @FunctionalInterface
  public interface FileMaker {
    SecretPageCache make(SecretPages pages);

    /** The file as Linux 7.0 has it. */
    static FileMaker sound() {
      return pages -> new SecretPageCache(pages, SecretmemConfig.Backing.REMOVE_EACH);
    }
  }

  private final KernelMachine kernel;
  private final SecretPageCache file;
  private final Oracles oracles;
  private final List<Deque<Long>> taken = new ArrayList<>();

  /** Boots a kernel. */
  public SmallKernel(PteFormat format, FileMaker files) {
    MachineConfig hardware = MachineConfig.small(format).withMap(MemoryMap.of(RAM_BYTES));
    this.kernel =
        KernelMachine.boot(
            KernelConfig.of(hardware).withImage(KernelImage.NONE).withMemmapBytesPerPage(0));
    SecretServices services =
        new SecretServices(
            kernel.allocator(),
            kernel.directMap(),
            kernel.shootdown(),
            /* mermap= */ null,
            kernel.tags(),
            kernel.machine().events(),
            new CostLedger(CPUS),
            format.pageShift());
    this.file = files.make(new SecretPages(services, PoolRequest.ALLOC_FLAG));
    this.oracles =
        new Oracles(
            new WatchedKernel(
                kernel.machine(), kernel.directMap(), kernel.allocator(), /* mermap= */ null));
    for (int cpu = 0; cpu < CPUS; cpu++) {
      taken.add(new ArrayDeque<>());
    }
  }

  @Override
  public Machine machine() {
    return kernel.machine();
  }

  long fault(Cpu cpu, long index) {
    return file.grab(cpu, index);
  }

  long truncate(Cpu cpu) {
    file.truncate(cpu, 0);
    return 0;
  }

  long allocate(Cpu cpu) {
    cpu.step(Step.STORE, SecretPages.ALLOCATOR_STEP);
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    cpu.store(kernel.directMap().va(pfn), Access.WRITE, PATTERN);
    taken.get(cpu.id()).push(pfn);
    return pfn;
  }

  long free(Cpu cpu) {
    Long pfn = taken.get(cpu.id()).poll();
    if (pfn != null) {
      cpu.step(Step.STORE, SecretPages.ALLOCATOR_STEP);
      kernel.allocator().free(cpu, pfn, 0);
    }
    return 0;
  }

  @Override
  public void inject(FaultInjection faults) {
    kernel.allocator().setFaults(faults);
  }

  @Override
  public String place(long address) {
    if (address == SecretPages.ALLOCATOR_STEP) {
      return "free lists of the page allocator";
    }
    return address == file.stepAddress() ? "page cache of the file" : World.super.place(address);
  }

  @Override
  public List<Violation> violations() {
    return oracles.violations();
  }

  @Override
  public List<Violation> inspect() {
    return oracles.inspect();
  }

  @Override
  public List<Violation> inspectEmptied() {
    truncate(kernel.cpu(0));
    for (int id = 0; id < CPUS; id++) {
      while (!taken.get(id).isEmpty()) {
        free(kernel.cpu(id));
      }
    }
    return oracles.inspectEmptied();
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
