package org.pagewright.kernel.userland;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.reclaim.Kswapd;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.VmConfig;

/** A file that is larger than memory, in a kernel that takes its pages back or does not. */
class PageCacheReclaimTest {
  private static final long PAGES = 9_000;
  private static final long PAGE = 4096;

  private UserKernel kernel;
  private Cpu cpu;
  private FilePages file;
  private long va;

  @BeforeEach
  void boot() {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.of(32L << 20));
    kernel = UserKernel.boot(KernelConfig.bare(hardware), VmConfig.SMALL_PAGES);
    cpu = kernel.cpu(0);
    AddressSpace space = requireNonNull(kernel.start(cpu));
    file = kernel.memory().createFile("large", PAGES);
    int access = Access.READ | Access.WRITE;
    MapRequest request =
        new MapRequest(0, PAGES * PAGE, access, /* isShared= */ true, file, /* firstIndex= */ 0);
    va = kernel.memory().map(cpu, space, request);
  }

  @AfterEach
  void close() {
    kernel.close();
  }

  private long storeAll() {
    long stored = 0;
    while (stored < PAGES && kernel.userMode().store(cpu, va + stored * PAGE, stored) == 0) {
      stored++;
    }
    return stored;
  }

  @Test
  void fileLargerThanMemory_withoutReclaim_doesNotFit() {
    long stored = storeAll();

    assertThat(stored).isLessThan(PAGES);
    assertThat(kernel.userMode().store(cpu, va + stored * PAGE, 1)).isEqualTo(-Errno.ENOMEM);
  }

  @Test
  void fileLargerThanMemory_withKswapd_keepsWhatWasStored() {
    Kswapd kswapd = kernel.startKswapd(List.of(file));

    assertThat(storeAll()).isEqualTo(PAGES);

    for (long i = 0; i < PAGES; i++) {
      assertThat(kernel.userMode().load(cpu, va + i * PAGE)).as("page %d", i).isEqualTo(i);
    }
    assertThat(kswapd.wakeups(0)).isPositive();
    assertThat(kswapd.isAwake(0)).as("awake after its turn").isFalse();
    assertThat(file.pagesCached()).isLessThan((int) PAGES);
  }
}
