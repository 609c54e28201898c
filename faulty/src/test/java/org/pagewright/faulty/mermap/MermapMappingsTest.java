package org.pagewright.faulty.mermap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;

/** The oracle of ephemeral mappings on mappings that are not what they are said to be. */
final class MermapMappingsTest {
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  @Test
  void mapping_ofTwoPagesThatEnds_isSilent() {
    try (FaultyKernel world = FaultyKernel.sound()) {
      world.runPrepared(0);
      Cpu cpu = world.cpu(0);
      long pfn = world.kernel().allocator().allocate(cpu, Gfp.KERNEL, 1);
      long first = world.mermap().get(cpu, pfn, 4096, RIGHTS);
      long second = world.mermap().get(cpu, pfn, 8192, RIGHTS);
      assertThat(second).isNotEqualTo(MermapHandle.NONE);
      world.mermap().put(cpu, first);
      world.mermap().put(cpu, second);
      assertThat(world.inspect()).isEmpty();
    }
  }

  @Test
  void mapping_ofAnotherFrameOrThatNeverEnds_isFound() {
    try (FaultyKernel world = FaultyKernel.sound()) {
      Mm mm = world.runPrepared(0);
      Cpu cpu = world.cpu(0);
      long pfn = world.kernel().allocator().allocate(cpu, Gfp.KERNEL, 1);
      long va = MermapHandle.va(world.mermap().get(cpu, pfn, 4096, RIGHTS));
      assertThat(world.violations()).isEmpty();
      cpu.machine().events().record(MmEvent.MERMAP_CALL, 0, mm.contextId(), 1, 0);
      cpu.machine().events().record(MmEvent.MERMAP_PUT, 0, va, 0, 1);
      assertThat(world.violations()).extracting(Violation::oracle).contains("mermap-mappings");
    }
  }
}
