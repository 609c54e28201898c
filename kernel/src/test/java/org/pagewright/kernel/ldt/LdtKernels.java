package org.pagewright.kernel.ldt;

import static java.util.Objects.requireNonNull;

import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.mm.Mm;

/** Small kernels for tests of the region and the LDT, in any mode of x86. */
public final class LdtKernels {
  private LdtKernels() {}

  public static LdtKernel sound(String format, boolean isIsolated) {
    return with(format, isIsolated, LdtKernel.Parts.SOUND);
  }

  public static LdtKernel with(String format, boolean isIsolated, LdtKernel.Parts parts) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(32L << 20));
    KernelConfig config = KernelConfig.bare(hardware).withIsolation(isIsolated);
    return new LdtKernel(config, parts);
  }

  public static Mm start(LdtKernel world) {
    return requireNonNull(world.start(world.cpu(0)));
  }

  /** Physical address that a top table leads to, or -1. */
  public static long pa(LdtKernel world, long rootPa, long va) {
    PagingRegisters registers = new PagingRegisters(world.kernel().machine().format());
    boolean isLoaded = world.kernel().machine().walker().loadRoot(registers, rootPa);
    assert isLoaded : rootPa;
    long translation = world.kernel().machine().walker().walk(registers, va);
    return Translation.isFault(translation) ? -1 : Translation.pa(translation, va);
  }
}
