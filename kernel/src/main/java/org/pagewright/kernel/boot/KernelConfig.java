package org.pagewright.kernel.boot;

import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.KernelImage;

/**
 * All that a booted kernel depends on besides the machine's seed.
 *
 * @param isolation page-table isolation (PTI), which makes kernel mappings non-global
 * @param addressSpaceNumbers whether PCIDs or ASIDs are used
 * @param image where the kernel lies; its memory is never handed to the page allocator
 * @param rules version of the page allocator
 * @param unmappedPool whether the allocator keeps pools of pages that the direct map lacks
 * @param memmapBytesPerPage memory that each frame's descriptor takes: 64 for {@code struct page},
 *     0 to leave it out
 */
public record KernelConfig(
    MachineConfig machine,
    ArchPolicy policy,
    KernelLayout layout,
    DirectMapConfig directMap,
    boolean isolation,
    boolean addressSpaceNumbers,
    KernelImage image,
    AllocatorRules rules,
    boolean unmappedPool,
    int memmapBytesPerPage) {

  private static final long MIB = 1L << 20;
  private static final int STRUCT_PAGE_BYTES = 64;

  public KernelConfig {
    if (isolation && policy.attributeRules() != ArchPolicy.AttributeRules.X86_CPA) {
      throw new IllegalArgumentException("isolation is modelled on x86 only, not " + policy.name());
    }
    if (memmapBytesPerPage < 0) {
      throw new IllegalArgumentException("memmapBytesPerPage: " + memmapBytesPerPage);
    }
  }

  /**
   * Linux 7.0 on a machine: isolation off, PCIDs on where they exist, an image at 16M where there
   * is room for it. A 32-bit kernel's image is part of its direct map and has no other place.
   */
  public static KernelConfig of(MachineConfig machine) {
    String format = machine.format().name();
    long start = machine.map().ranges().getFirst().from();
    boolean is32Bit = machine.format().has(PteFormat.Feature.PDPTE_REGISTERS);
    boolean hasRoom = !is32Bit && machine.map().ramBytes() >= 256 * MIB;
    return new KernelConfig(
        machine,
        ArchPolicy.forFormat(format),
        KernelLayout.forFormat(format),
        DirectMapConfig.LINUX_7_0,
        /* isolation= */ false,
        /* addressSpaceNumbers= */ !is32Bit,
        hasRoom ? KernelImage.at(start + 16 * MIB) : KernelImage.NONE,
        AllocatorRules.V7_0,
        /* unmappedPool= */ true,
        STRUCT_PAGE_BYTES);
  }

  /** The same without an image or {@code struct page}s in RAM, for machines of a few MiB. */
  public static KernelConfig bare(MachineConfig machine) {
    return of(machine).withImage(KernelImage.NONE).withMemmapBytesPerPage(0);
  }

  /** Whether kernel mappings are global. */
  public boolean globalKernel() {
    return policy.globalKernel() && !isolation;
  }

  /** The zones over the machine's memory, with the allocator's version. */
  public AllocatorConfig allocator() {
    return AllocatorConfig.of(machine.map(), machine.cpus(), rules, machine.format().pageShift())
        .withUnmappedPool(unmappedPool);
  }

  public KernelConfig withMachine(MachineConfig other) {
    return new KernelConfig(
        other,
        policy,
        layout,
        directMap,
        isolation,
        addressSpaceNumbers,
        image,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withPolicy(ArchPolicy other) {
    return new KernelConfig(
        machine,
        other,
        layout,
        directMap,
        isolation,
        addressSpaceNumbers,
        image,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  /** The same with other places for the kernel's regions. */
  public KernelConfig withLayout(KernelLayout other) {
    return new KernelConfig(
        machine,
        policy,
        other,
        directMap,
        isolation,
        addressSpaceNumbers,
        image,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withDirectMap(DirectMapConfig other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        other,
        isolation,
        addressSpaceNumbers,
        image,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withIsolation(boolean other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        directMap,
        other,
        addressSpaceNumbers,
        image,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withAddressSpaceNumbers(boolean other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        directMap,
        isolation,
        other,
        image,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withImage(KernelImage other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        directMap,
        isolation,
        addressSpaceNumbers,
        other,
        rules,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withRules(AllocatorRules other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        directMap,
        isolation,
        addressSpaceNumbers,
        image,
        other,
        unmappedPool,
        memmapBytesPerPage);
  }

  public KernelConfig withUnmappedPool(boolean other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        directMap,
        isolation,
        addressSpaceNumbers,
        image,
        rules,
        other,
        memmapBytesPerPage);
  }

  public KernelConfig withMemmapBytesPerPage(int other) {
    return new KernelConfig(
        machine,
        policy,
        layout,
        directMap,
        isolation,
        addressSpaceNumbers,
        image,
        rules,
        unmappedPool,
        other);
  }
}
