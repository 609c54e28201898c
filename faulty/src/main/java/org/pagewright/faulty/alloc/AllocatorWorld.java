package org.pagewright.faulty.alloc;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorParts;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageblockConversion;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;

/** A booted kernel of two CPUs under all oracles whose page allocator a bug may change. */
final class AllocatorWorld implements WatchedWorld {
  /** Order of a pageblock. */
  static final int BLOCK = 9;

  private static final int BLOCK_PAGES = 1 << BLOCK;

  private final KernelMachine kernel;
  private final PageAllocator allocator;
  private final Oracles oracles;

  private AllocatorWorld(long mebibytes, AllocatorRules rules, int fromCma, int toCma) {
    this.kernel =
        KernelMachine.boot(
            KernelConfig.bare(
                    MachineConfig.small(PteFormat.named("x86_64-4level"))
                        .withMap(MemoryMap.of(mebibytes << 20)))
                .withRules(rules));
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

  /**
   * Enough memory for leaves of 1 GiB, so that a pageblock of it cannot change without a page
   * table, and whoever converts pageblocks.
   */
  static AllocatorWorld converting(Function<AllocatorParts, PageblockConversion> maker) {
    AllocatorWorld world = of(/* mebibytes= */ 2048);
    world.allocator.setPageblockConversion(maker.apply(world.allocator.parts()));
    return world;
  }

  /** Takes an unmapped frame and gives it back. */
  long takeUnmapped(Cpu cpu) {
    long pfn = allocator.allocate(cpu, Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    allocator.free(cpu, pfn, 0);
    return 0;
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
    return oracles.inspectEmptied();
  }

  @Override
  public void inject(FaultInjection faults) {
    allocator.setFaults(faults);
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
