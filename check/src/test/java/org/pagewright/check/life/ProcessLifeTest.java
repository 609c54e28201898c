package org.pagewright.check.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.vm.VmConfig;

/**
 * Processes of all kinds of machines fork, exec, change their LDT, map and unmap, drop memory, have
 * pages moved, live through compaction and exit under every oracle, see what they stored, and leave
 * nothing behind.
 */
final class ProcessLifeTest {
  private static final int ACTS = 200;

  /** Format, page-table isolation, CPUs, huge pages. */
  private static final String ROWS =
      """
      x86_64-4level  no-pti 1 small
      x86_64-4level  no-pti 2 huge
      x86_64-4level  no-pti 4 small
      x86_64-4level  pti    1 huge
      x86_64-4level  pti    2 small
      x86_64-4level  pti    4 huge
      x86_64-5level  no-pti 1 small
      x86_64-5level  no-pti 2 huge
      x86_64-5level  no-pti 4 small
      x86_64-5level  pti    1 small
      x86_64-5level  pti    2 huge
      x86_64-5level  pti    4 small
      x86_64-pae     no-pti 1 small
      x86_64-pae     no-pti 2 huge
      x86_64-pae     no-pti 4 small
      x86_64-pae     pti    1 small
      x86_64-pae     pti    2 huge
      x86_64-pae     pti    4 small
      aarch64-4k     no-pti 1 small
      aarch64-4k     no-pti 4 huge
      aarch64-16k    no-pti 2 small
      aarch64-64k    no-pti 2 small
      riscv64-sv39   no-pti 1 huge
      riscv64-sv39   no-pti 4 small
      riscv64-sv48   no-pti 2 huge
      riscv64-sv57   no-pti 2 small
      """;

  static List<String> rows() {
    return ROWS.lines().toList();
  }

  private static LifeWorld world(String row, long seed) {
    String[] words = row.split(" +", -1);
    PteFormat format = PteFormat.named(words[0]);
    MachineConfig hardware =
        MachineConfig.small(format)
            .withMap(MemoryMap.of(256L << 20))
            .withCpus(Integer.parseInt(words[2]));
    KernelConfig config = KernelConfig.bare(hardware).withIsolation(words[1].equals("pti"));
    VmConfig vm = VmConfig.LINUX_7_0.withHugePages(words[3].equals("huge"));
    return new LifeWorld(config, vm, new SeededChoices(seed));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void lives_ofManyKinds_keepEveryPropertyAndLeaveNothing(String row) {
    int moved = 0;
    for (long seed = 1; seed <= 2; seed++) {
      try (LifeWorld world = world(row, seed)) {
        for (int i = 0; i < ACTS; i++) {
          world.act();
          assertThat(world.oracles().violations()).as("seed %d, act %d", seed, i).isEmpty();
        }
        world.end();
        moved += world.moved();
      }
    }
    assertThat(moved).as("pages moved").isPositive();
  }
}
