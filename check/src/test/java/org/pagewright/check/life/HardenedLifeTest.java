package org.pagewright.check.life;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.VmConfig;
import org.pagewright.kernel.vm.VmParts;

/**
 * Processes live on kernels whose tables are hardened: every writer of user tables raises the
 * level, huge leaves keep protected tables behind them, and a table that waits for a grace period
 * stays protected.
 */
final class HardenedLifeTest {
  private static final int ACTS = 80;

  private static HardenedTables boot(String format, String design, int cpus, boolean isolates) {
    KpkeysConfig config = KpkeysConfig.named(design);
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format))
            .withMap(MemoryMap.of(config.needsPages() ? 256L << 20 : 3L << 30))
            .withCpus(cpus);
    KernelConfig boot = KernelConfig.bare(hardware).withIsolation(isolates);
    return HardenedTables.boot(
        boot.withDirectMap(boot.directMap().withLargestLeafLevel(config.needsPages() ? 1 : 3)),
        config,
        Choices.first());
  }

  private static UserKernel processes(HardenedTables hardened, VmConfig vm) {
    UserKernel kernel =
        new UserKernel(hardened.kernel(), UserTables.of(hardened.kernel()), vm, VmParts::of);
    kernel.processes().add(hardened.keys());
    return kernel;
  }

  /** Loops over the entries of a table raise the level once for the table, not for each entry. */
  @ParameterizedTest
  @CsvSource({"aarch64-4k, v6", "x86_64-4level, freetype"})
  void loops_overTheEntriesOfATable_switchOnce(String format, String design) {
    HardenedTables hardened = boot(format, design, 2, /* isolates= */ false);
    try (UserKernel kernel = processes(hardened, VmConfig.LINUX_7_0.withHugePages(false))) {
      Cpu cpu = kernel.cpu(0);
      AddressSpace space = requireNonNull(kernel.start(cpu));
      int access = Access.READ | Access.WRITE;
      long bytes = 256 * 4096;
      long va = kernel.memory().mapAnonymous(cpu, space, 1L << 30, bytes, access);
      for (long at = va; at < va + bytes; at += 4096) {
        assertThat(kernel.userMode().store(cpu, at, 1)).isZero();
      }
      assertThat(
              switches(hardened, () -> kernel.memory().protect(cpu, space, va, bytes, Access.READ)))
          .isEqualTo(2);
      assertThat(switches(hardened, () -> kernel.processes().duplicateMm(cpu, space.mm())))
          .isLessThan(60);
      assertThat(
              switches(
                  hardened, () -> kernel.memory().remap(cpu, space, va, bytes, bytes, 1L << 31)))
          .isLessThan(20);
      assertThat(switches(hardened, () -> kernel.memory().unmap(cpu, space, 1L << 31, bytes)))
          .isLessThan(20);
    }
  }

  /** A destructor after a grace period runs in a softirq, and change_page_attr may sleep. */
  @Test
  void destructor_inASoftirq_mayNotChangeKeysOnX86() {
    HardenedTables hardened = boot("x86_64-4level", "v5", 1, /* isolates= */ false);
    UserKernel kernel = processes(hardened, VmConfig.LINUX_7_0);
    try (LifeWorld world = new LifeWorld(kernel, hardened, new SeededChoices(1))) {
      for (int i = 0; i < ACTS; i++) {
        world.act();
      }
      assertThat(world.oracles().violations())
          .extracting(Violation::oracle)
          .containsOnly("execution-rules");
    }
  }

  private static long switches(HardenedTables hardened, Runnable work) {
    long before = hardened.keys().switches();
    work.run();
    return hardened.keys().switches() - before;
  }

  @ParameterizedTest
  @CsvSource({
    "aarch64-4k, v5, 2, false",
    "aarch64-4k, v6, 2, false",
    "aarch64-4k, v7, 2, false",
    "aarch64-4k, freetype, 2, false",
    "x86_64-4level, v6, 2, false",
    "x86_64-4level, v7, 2, true",
    "x86_64-4level, freetype, 2, true",
    "x86_64-5level, v6, 2, false",
    "aarch64-16k, v6, 2, false",
    "aarch64-64k, v7, 2, false"
  })
  void lives_onHardenedTables_keepEveryProperty(
      String format, String design, int cpus, boolean isolates) {
    for (boolean hasHugePages : new boolean[] {true, false}) {
      HardenedTables hardened = boot(format, design, cpus, isolates);
      UserKernel kernel = processes(hardened, VmConfig.LINUX_7_0.withHugePages(hasHugePages));
      try (LifeWorld world = new LifeWorld(kernel, hardened, new SeededChoices(1))) {
        for (int i = 0; i < ACTS; i++) {
          world.act();
          assertThat(world.oracles().violations()).as("act %d", i).isEmpty();
        }
        world.end();
        assertThat(hardened.deniedWrites()).isZero();
      }
    }
  }
}
