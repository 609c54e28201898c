package org.pagewright.faulty.alloc;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.KernelImage;

/** A booted kernel of two CPUs under all oracles whose page allocator a bug may change. */
final class AllocatorWorld implements AutoCloseable {
  /** Order of a pageblock. */
  static final int BLOCK = 9;

  private static final int BLOCK_PAGES = 1 << BLOCK;

  private final KernelMachine kernel;
  private final PageAllocator allocator;
  private final Oracles oracles;

  private AllocatorWorld(long mebibytes, AllocatorRules rules, int fromCma, int toCma) {
    this.kernel =
        KernelMachine.boot(
            KernelConfig.of(
                    MachineConfig.small(PteFormat.named("x86_64-4level"))
                        .withMap(MemoryMap.of(mebibytes << 20)))
                .withRules(rules)
                .withImage(KernelImage.NONE)
                .withMemmapBytesPerPage(0));
    this.allocator = kernel.allocator();
    AllocatorRepairs repairs = new AllocatorRepairs(allocator);
    for (long block = fromCma; block < toCma; block++) {
      repairs.makeCma(block * BLOCK_PAGES);
    }
    this.oracles =
        new Oracles(
            new WatchedKernel(kernel.machine(), kernel.directMap(), allocator, /* mermap= */ null));
  }

  /** Linux 7.0 with freetypes, on so much memory. */
  static AllocatorWorld of(long mebibytes) {
    return new AllocatorWorld(mebibytes, AllocatorRules.V7_0, 0, 0);
  }

  /** Another version; pageblocks {@code [from, to)} are a contiguous-memory area. */
  static AllocatorWorld withCma(AllocatorRules rules, int from, int to) {
    return new AllocatorWorld(/* mebibytes= */ 64, rules, from, to);
  }

  Cpu cpu() {
    return kernel.cpu(0);
  }

  KernelMachine kernel() {
    return kernel;
  }

  PageAllocator allocator() {
    return allocator;
  }

  /** Leaves so many pageblocks free that the direct map lacks. */
  void poolUnmapped(int blocks) {
    List<Long> taken = new ArrayList<>();
    for (int i = 0; i < blocks; i++) {
      taken.add(allocator.allocate(cpu(), Gfp.KERNEL, BLOCK, AllocFlags.UNMAPPED));
    }
    taken.forEach(pfn -> allocator.free(cpu(), pfn, BLOCK));
    allocator.drainAll();
  }

  /** Takes single frames until a request fails; returns how many it got. */
  int takeAll(int gfp) {
    int taken = 0;
    while (allocator.allocate(cpu(), gfp, 0) != PageAllocator.NONE) {
      taken++;
    }
    return taken;
  }

  /** Lets every change of the direct map fail for want of a page table. */
  void refuseConversions() {
    allocator.setConversion(
        new BlockConversion() {
          @Override
          public boolean isPossible() {
            return true;
          }

          @Override
          public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
            cpu.machine()
                .events()
                .record(KernelEvent.BLOCK_UNCHANGED, cpu.id(), pfn, 1L << order, -Errno.ENOMEM);
            return -Errno.ENOMEM;
          }
        });
  }

  /** What the oracles found, the look at the end included. */
  List<Violation> found() {
    return oracles.inspect();
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
