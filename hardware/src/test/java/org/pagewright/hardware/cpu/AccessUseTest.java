package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.tlb.AccessUse;

/** What an access is said to use is what it uses. */
class AccessUseTest {
  private static final long VA = 1L << 30;
  private static final long PAGES_PA = 16L << 20;
  private static final int ACTS = 3_000;
  private static final long SEED = 7;
  private static final int[] RIGHTS = {
    Rights.KERNEL_READ,
    Rights.KERNEL_READ | Rights.KERNEL_WRITE,
    Rights.KERNEL_READ | Rights.ACCESSED,
    Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED,
    TestTables.READ_WRITE
  };

  private final AccessUse use = new AccessUse();
  private int reached;
  private int marked;
  private int untouched;

  @ParameterizedTest
  @ValueSource(
      strings = {"x86_64-4level", "x86_64-5level", "aarch64-4k", "riscv64-sv48", "loongarch64"})
  void access_amidRandomChanges_usesWhatWasForeseen(String format) {
    try (Machine machine = new Machine(MachineConfig.small(PteFormat.named(format)))) {
      TestTables tables = new TestTables(machine);
      Cpu cpu = machine.cpu(0);
      SeededChoices choices = new SeededChoices(SEED);
      Scheduler foreseeing =
          new Scheduler() {
            @Override
            public int next(Interleaving run, int current, int[] runnable, int count) {
              return runnable[0];
            }

            @Override
            public void step(int id, int kind, long address) {
              if (kind == Step.ACCESS) {
                cpu.mmu().foresee(address, use);
              }
            }
          };
      assertThat(cpu.mmu().switchRoot(tables.root, /* asid= */ 0)).isTrue();
      Interleaving run = new Interleaving(machine, foreseeing, Long.MAX_VALUE);
      run.add(
          cpu,
          running -> {
            for (int i = 0; i < ACTS; i++) {
              act(running, tables, choices);
            }
          });
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
    }
    assertThat(reached).isPositive();
    boolean marksInHardware = !format.startsWith("loongarch");
    assertThat(marked > 0).isEqualTo(marksInHardware);
    assertThat(untouched > 0).isEqualTo(format.startsWith("x86_64"));
  }

  private void act(Cpu cpu, TestTables tables, SeededChoices choices) {
    PteFormat format = cpu.machine().format();
    long pages = 4;
    long spread = format.levelBytes(2);
    int which = choices.pick((int) pages, "page");
    long va = VA + (which % 2) * format.pageBytes() + (which / 2) * spread;
    switch (choices.pick(6, "act")) {
      case 0 -> {
        int rights = RIGHTS[choices.pick(RIGHTS.length, "rights")];
        tables.map(va, PAGES_PA + which * format.pageBytes(), 1, rights);
      }
      case 1 -> tables.unmap(va, 1);
      case 2 -> cpu.mmu().invalidatePage(va);
      default -> access(cpu, tables, va, choices.flip("writes"));
    }
  }

  private void access(Cpu cpu, TestTables tables, long va, boolean writes) {
    List<Long> entriesPa = entriesPa(cpu, tables, va);
    List<Long> before = entriesPa.stream().map(pa -> cpu.machine().memory().read(pa)).toList();
    boolean wasEmpty = cpu.tlb().isEmpty();
    boolean isDone;
    if (writes) {
      isDone = cpu.mmu().store(va, Access.WRITE, 1);
    } else {
      cpu.mmu().load(va, Access.READ);
      isDone = cpu.mmu().fault() == 0;
    }
    assertThat(use.pa() != AccessUse.NOWHERE).isEqualTo(isDone);
    assertThat(use.isWrite()).isEqualTo(isDone && writes);
    for (int i = 0; i < entriesPa.size(); i++) {
      long entryPa = entriesPa.get(i);
      boolean isChanged = cpu.machine().memory().read(entryPa) != before.get(i);
      assertThat(use.marks(entryPa)).as("0x%x", entryPa).isEqualTo(isChanged);
      marked += isChanged ? 1 : 0;
    }
    if (!use.usesTlb()) {
      assertThat(wasEmpty).isTrue();
      assertThat(cpu.tlb().isEmpty()).isTrue();
      untouched++;
    }
    reached += isDone ? 1 : 0;
  }

  private static List<Long> entriesPa(Cpu cpu, TestTables tables, long va) {
    List<Long> entriesPa = new ArrayList<>();
    for (int level = 1; level <= cpu.machine().format().topLevel(); level++) {
      entriesPa.add(tables.entryPa(va, level));
    }
    return entriesPa;
  }
}
