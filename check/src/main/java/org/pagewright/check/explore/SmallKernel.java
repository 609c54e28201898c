package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretServices;
import org.pagewright.kernel.secret.SecretmemConfig;

/**
 * A freshly booted kernel with one secret file, under all oracles; where operations need one, all
 * its CPUs run threads of one process, which has an mm-local region or user memory.
 */
public final class SmallKernel implements WatchedWorld {
  private static final long RAM_BYTES_MIN = 32L << 20;

  /** What is booted takes part of some; without a whole one there is no unmapped memory. */
  private static final long PAGEBLOCKS_MIN = 4;

  private static final int INVALIDATE_LOCK = 1 << 30;
  private static final long SECRET = 0x5ec2_e75e_c2e7_5ec2L;

  /** Makes the page cache of the secret file; a planted bug makes another one. */
  @FunctionalInterface
  public interface FileMaker {
    SecretPageCache make(SecretPages pages);

    /** The file as Linux 7.0 has it. */
    static FileMaker sound() {
      return sound(SecretmemConfig.Backing.REMOVE_EACH);
    }

    /** The file of another design. */
    static FileMaker sound(SecretmemConfig.Backing backing) {
      return pages -> new SecretPageCache(pages, backing);
    }
  }

  /**
   * What kernel it is.
   *
   * @param backing how pages of the secret file are kept out of the direct map
   * @param isolation whether page-table isolation is on
   * @param hasProcess whether the CPUs run a process, which takes an mm-local region
   * @param hasMemory whether the CPUs run a process with user memory
   */
  public record Options(
      PteFormat format,
      int cpus,
      SecretmemConfig.Backing backing,
      boolean isolation,
      boolean hasProcess,
      boolean hasMemory) {}

  /** A block of frames that a CPU took. */
  private record Block(long pfn, int order, boolean isHidden) {}

  private final KernelMachine kernel;
  private final @Nullable SmallProcesses processes;
  private final @Nullable SmallUser user;
  private final SecretPageCache file;
  private final Oracles oracles;
  private final List<List<Block>> taken = new ArrayList<>();
  private final RwSemaphore invalidateLock =
      new RwSemaphore(new LockClass("invalidate_lock"), INVALIDATE_LOCK);

  /** Boots a kernel of two CPUs without processes. */
  public SmallKernel(PteFormat format, FileMaker files) {
    this(
        new Options(
            format,
            /* cpus= */ 2,
            SecretmemConfig.Backing.REMOVE_EACH,
            /* isolation= */ false,
            /* hasProcess= */ false,
            /* hasMemory= */ false),
        files);
  }

  /** Boots a kernel. */
  public SmallKernel(Options options, FileMaker files) {
    PteFormat format = options.format();
    MachineConfig hardware =
        MachineConfig.small(format)
            .withMap(MemoryMap.of(ramBytes(format)))
            .withCpus(options.cpus());
    this.kernel =
        KernelMachine.boot(
            KernelConfig.of(hardware)
                .withImage(KernelImage.NONE)
                .withMemmapBytesPerPage(0)
                .withIsolation(options.isolation()));
    CostLedger ledger = new CostLedger(options.cpus());
    this.processes = options.hasProcess() ? new SmallProcesses(kernel, ledger) : null;
    this.user = options.hasMemory() ? new SmallUser(kernel) : null;
    Mermap mermap = processes == null ? null : processes.mermap();
    SecretServices services =
        new SecretServices(
            kernel.allocator(),
            kernel.directMap(),
            kernel.shootdown(),
            mermap,
            kernel.tags(),
            kernel.machine().events(),
            ledger,
            format.pageShift());
    this.file = files.make(new SecretPages(services, PoolRequest.ALLOC_FLAG));
    machine().events().attach(new Soil(machine()));
    this.oracles =
        new Oracles(
            new WatchedKernel(kernel.machine(), kernel.directMap(), kernel.allocator(), mermap));
    for (int cpu = 0; cpu < options.cpus(); cpu++) {
      taken.add(new ArrayList<>());
    }
    if (processes != null) {
      processes.startThreads();
    }
    if (user != null) {
      user.startThreads();
    }
  }

  private static long ramBytes(PteFormat format) {
    long blockBytes = format.pageBytes() << AllocatorConfig.BLOCK_ORDER;
    return Math.max(RAM_BYTES_MIN, PAGEBLOCKS_MIN * blockBytes);
  }

  /** Whether there is such a kernel. */
  public static boolean isPossible(Options options) {
    PteFormat format = options.format();
    boolean hasPolicy = ArchPolicy.isSupported(format.name());
    boolean needsRegion = options.hasProcess() || options.isolation();
    return hasPolicy && (!needsRegion || hasRoom(format, options.cpus()));
  }

  /** The region of a PAE kernel holds an LDT, but no window for each CPU. */
  private static boolean hasRoom(PteFormat format, int cpus) {
    long windowsBytes = (long) cpus * MermapConfig.V2.windowPages() * format.pageBytes();
    return MmLocalLayout.isSupported(format)
        && MmLocalLayout.of(format).mermapBytes() >= windowsBytes;
  }

  @Override
  public Machine machine() {
    return kernel.machine();
  }

  // ---- the secret file

  /**
   * The user writes the first word of a page, through user mode's tables, which are not modelled
   * here. Under the file's {@code invalidate_lock}, which faults share and truncation has alone.
   */
  long fault(Cpu cpu, long index) {
    invalidateLock.acquireShared(cpu);
    long pfn = file.grab(cpu, index);
    if (pfn >= 0) {
      machine().memory().write(pfn << machine().format().pageShift(), SECRET);
    }
    invalidateLock.releaseShared(cpu);
    return pfn;
  }

  long truncate(Cpu cpu, long firstIndex) {
    invalidateLock.acquire(cpu);
    file.truncate(cpu, firstIndex);
    invalidateLock.release(cpu);
    return 0;
  }

  // ---- frames

  long allocate(Cpu cpu, int order) {
    cpu.step(Step.TAKE, SecretPages.ALLOCATOR_STEP);
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, order);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    cpu.store(kernel.directMap().va(pfn), Access.WRITE, Soil.PATTERN);
    taken.get(cpu.id()).add(new Block(pfn, order, /* isHidden= */ false));
    return pfn;
  }

  long allocateUnmapped(Cpu cpu, int order) {
    cpu.step(Step.TAKE, SecretPages.ALLOCATOR_STEP);
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, order, AllocFlags.UNMAPPED);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    taken.get(cpu.id()).add(new Block(pfn, order, /* isHidden= */ false));
    return pfn;
  }

  /** A hidden block is shown first, and kept if that fails. */
  long free(Cpu cpu) {
    List<Block> mine = taken.get(cpu.id());
    if (mine.isEmpty()) {
      return 0;
    }
    long error = show(cpu);
    if (error != 0) {
      return error;
    }
    Block block = mine.removeLast();
    cpu.step(Step.STORE, SecretPages.ALLOCATOR_STEP);
    kernel.allocator().free(cpu, block.pfn(), block.order());
    return 0;
  }

  long hide(Cpu cpu) {
    List<Block> mine = taken.get(cpu.id());
    boolean canHide =
        !mine.isEmpty()
            && !mine.getLast().isHidden()
            && !kernel.allocator().isUnmapped(mine.getLast().pfn());
    if (!canHide) {
      return 0;
    }
    Block block = mine.removeLast();
    long pages = 1L << block.order();
    int error = kernel.directMap().setValidNoflush(cpu, block.pfn(), pages, /* valid= */ false);
    if (error == 0) {
      long va = kernel.directMap().va(block.pfn());
      long bytes = pages << machine().format().pageShift();
      kernel.shootdown().flushKernelRange(cpu, va, va + bytes);
    }
    mine.add(new Block(block.pfn(), block.order(), /* isHidden= */ error == 0));
    return error;
  }

  long show(Cpu cpu) {
    List<Block> mine = taken.get(cpu.id());
    if (mine.isEmpty() || !mine.getLast().isHidden()) {
      return 0;
    }
    Block block = mine.removeLast();
    int error =
        kernel
            .directMap()
            .setValidNoflush(cpu, block.pfn(), 1L << block.order(), /* valid= */ true);
    mine.add(new Block(block.pfn(), block.order(), /* isHidden= */ error != 0));
    return error;
  }

  // ---- processes

  private SmallProcesses processes() {
    if (processes == null) {
      throw new IllegalStateException("this kernel runs no process");
    }
    return processes;
  }

  SmallUser user() {
    if (user == null) {
      throw new IllegalStateException("this kernel has no user memory");
    }
    return user;
  }

  long mermapGet(Cpu cpu, int pages) {
    return processes().mermapGet(cpu, pages);
  }

  long mermapPut(Cpu cpu) {
    return processes().mermapPut(cpu);
  }

  long writeLdt(Cpu cpu, int slot) {
    return processes().writeLdt(cpu, slot);
  }

  long useLdt(Cpu cpu) {
    return processes().useLdt(cpu);
  }

  long copyProcess(Cpu cpu) {
    return processes().copyProcess(cpu);
  }

  long start(Cpu cpu) {
    return processes().start(cpu);
  }

  long idle(Cpu cpu) {
    return processes().idle(cpu);
  }

  long exit(Cpu cpu) {
    return processes().exit(cpu);
  }

  // ---- a world

  @Override
  public void inject(FaultInjection faults) {
    kernel.allocator().setFaults(faults);
    if (processes != null) {
      processes.mermap().setFaults(faults);
    }
  }

  @Override
  public String place(long address) {
    if (address == SecretPages.ALLOCATOR_STEP) {
      return "free lists of the page allocator";
    }
    if (address == INVALIDATE_LOCK) {
      return "invalidate_lock of the file";
    }
    return address == file.stepAddress()
        ? "page cache of the file"
        : WatchedWorld.super.place(address);
  }

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public List<Violation> inspectEmptied() {
    truncate(kernel.cpu(0), 0);
    for (int id = 0; id < taken.size(); id++) {
      long error = 0;
      while (!taken.get(id).isEmpty() && error == 0) {
        error = free(kernel.cpu(id));
      }
    }
    if (processes != null) {
      processes.endAll();
    }
    if (user != null) {
      user.endAll();
    }
    return oracles.inspectEmptied();
  }

  @Override
  public void close() {
    oracles.close();
    if (user != null) {
      user.close();
    }
    kernel.close();
  }
}
