package org.pagewright.bench;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapZeroing;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.secret.GuestMemfd;
import org.pagewright.kernel.secret.GuestMemfdConfig;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretServices;

/**
 * How long does the host need to simulate one sample of populate: a guest of 1 GiB, filled by
 * write() in pages of 4K?
 *
 * <p>{@code ./pagewright bench PopulateBenchmark}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3)
@Measurement(iterations = 5)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH calls boot() first
public class PopulateBenchmark {
  private static final int PAGE_SHIFT = 12;
  private static final int PAGEBLOCK_ORDER = 9;
  private static final long FIRST_FREE_PFN = 1024;
  private static final long CHUNK_BYTES = 2L << 20;

  @Param({"2", "24"})
  int cpus = 2;

  @Param({"baseline", "skip-flush", "unmapped", "unmapped-zeroed"})
  String variant = "baseline";

  /** Size of the guest; a test asks for less. */
  @Param("1024")
  int guestMib = 1024;

  private Machine machine;
  private PageAllocator allocator;
  private FrameTags tags;
  private Cpu cpu;
  private GuestMemfd file;

  /** Boots a machine twice as large as the guest, whose other CPUs idle. */
  @Setup(Level.Iteration)
  public void boot() {
    long bytes = (2L * guestMib) << 20;
    long frames = bytes >>> PAGE_SHIFT;
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level"))
            .withMap(MemoryMap.of(bytes))
            .withCpus(cpus);
    machine = new Machine(hardware);
    cpu = machine.cpu(0);
    EarlyKernel kernel =
        new EarlyKernel(KernelConfig.of(hardware).withMemmapBytesPerPage(0), machine);
    allocator = new PageAllocator(AllocatorConfig.of(hardware.map(), cpus, AllocatorRules.V7_0));
    // Boot's tables stand at the end of memory, the image below 64 MiB.
    allocator.handOver(FIRST_FREE_PFN << 4, frames - FIRST_FREE_PFN);
    allocator.finishBoot();
    tags = new FrameTags(frames);
    CostLedger ledger = new CostLedger(cpus);
    Mermap mermap = bootMermap(kernel, ledger);
    GuestMemfdConfig config = GuestMemfdConfig.named(variant);
    SecretPages pages =
        new SecretPages(
            new SecretServices(
                allocator,
                kernel.directMap(),
                kernel.shootdown(),
                mermap,
                tags,
                machine.events(),
                ledger,
                PAGE_SHIFT),
            config.zeroes() ? PoolRequest.GFP_BIT : PoolRequest.ALLOC_FLAG);
    file = Objects.requireNonNull(GuestMemfd.create(cpu, pages, config, (long) guestMib << 20));
  }

  private Mermap bootMermap(EarlyKernel kernel, CostLedger ledger) {
    MmLocalRegion region =
        new MmLocalRegion(
            MmLocalLayout.of(machine.format()),
            MmLocalRegion.Policy.ON_DEMAND,
            kernel.tables(),
            new AllocatedTables(),
            kernel.shootdown(),
            machine.events());
    Mermap mermap =
        new Mermap(
            MermapConfig.V2,
            region,
            kernel.tables(),
            allocator,
            kernel.shootdown(),
            machine.events(),
            cpus);
    Processes processes =
        new Processes(
            machine,
            kernel.shootdown(),
            TopTables.ofParts(
                allocator, machine.memory(), kernel.tables(), kernel.rootPa(), /* pairs= */ false));
    processes.add(region);
    processes.add(mermap);
    allocator.setZeroing(new MermapZeroing(mermap, tags, ledger, PAGE_SHIFT, PAGEBLOCK_ORDER));
    allocator.setConversion(new WholeBlocks(kernel));
    Mm mm = Objects.requireNonNull(processes.createMm(cpu));
    processes.run(cpu, processes.createTask(Task.Kind.USER, mm));
    return mermap;
  }

  /** Tables of processes, from the page allocator. */
  private final class AllocatedTables implements TableSource {
    @Override
    public long allocate(Cpu asker, int level) {
      long pfn = allocator.allocate(asker, Gfp.KERNEL_ACCOUNT | Gfp.ZERO, 0);
      return pfn == PageAllocator.NONE ? NONE : pfn << PAGE_SHIFT;
    }

    @Override
    public void free(Cpu asker, long tablePa, int level) {
      allocator.free(asker, tablePa >>> PAGE_SHIFT, 0);
    }
  }

  /** Pageblocks leave the direct map with a flush, and come back without. */
  private record WholeBlocks(EarlyKernel kernel) implements BlockConversion {
    @Override
    public boolean isPossible() {
      return true;
    }

    @Override
    public int convert(Cpu asker, long pfn, int order, boolean unmaps) {
      int error = kernel.directMap().setValidNoflush(asker, pfn, 1L << order, !unmaps);
      if (error == 0 && unmaps) {
        long va = kernel.directMap().va(pfn);
        kernel.shootdown().flushKernelRange(asker, va, va + (1L << (order + PAGE_SHIFT)));
      }
      return error;
    }
  }

  /** Gives the memory back. */
  @TearDown(Level.Iteration)
  public void close() {
    allocator.close();
    tags.close();
    machine.close();
  }

  /** One sample; answers how many bytes were written. */
  @Benchmark
  public long populate() {
    long written = 0;
    for (long at = 0; at < (long) guestMib << 20; at += CHUNK_BYTES) {
      written += file.write(cpu, at, CHUNK_BYTES, FrameContent.secretOf(1));
    }
    return written;
  }
}
