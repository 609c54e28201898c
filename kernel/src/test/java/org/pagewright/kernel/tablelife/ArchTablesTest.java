package org.pagewright.kernel.tablelife;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.tablelife.TableConfig.LockStorage;

/**
 * Three tables of every level are made and given back on every architecture, for the kernel and for
 * a process, before and after the series of March 2025.
 */
final class ArchTablesTest {
  private static final TableOwner PROCESS = TableOwner.user(7);
  private static final int TABLES = 3;

  /**
   * levels: how many have tables. kernel, user: pages constructed for three tables of each level,
   * PTE to PGD, in 6.12 and 7.0. locks: made for one table of each level of the kernel in 6.12, in
   * 7.0, of the process in 7.0. freed: how a process's lowest and other tables go, in 6.12 and 7.0.
   * reclaim: whether PT_RECLAIM may be on in 6.17, in 7.0.
   */
  private static final String EXPECTED =
      """
      alpha               | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 0 0 1 | immediate immediate     | rcu rcu                 | no yes
      arc                 | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | immediate immediate     | immediate immediate     | no no
      arm                 | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | after-flush after-flush | after-flush after-flush | no no
      arm-lpae            | 3 | 0 3 - - 0 | 3 3 - - 0 | 3 3 - - 0 | 3 3 - - 0 | 0 0 1 | rcu rcu                 | rcu rcu                 | no yes
      arm64-4k            | 4 | 0 3 3 - 0 | 3 3 3 - 3 | 3 3 3 - 0 | 3 3 3 - 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      arm64-4k-52         | 5 | 0 3 3 0 0 | 3 3 3 3 0 | 3 3 3 0 0 | 3 3 3 3 0 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      arm64-16k           | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      arm64-64k           | 3 | 0 3 - - 0 | 3 3 - - 0 | 3 3 - - 0 | 3 3 - - 0 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      csky                | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | after-flush after-flush | after-flush after-flush | no no
      hexagon             | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | after-flush after-flush | after-flush after-flush | no no
      loongarch64         | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 0 0 1 | after-flush immediate   | rcu rcu                 | no yes
      m68k-motorola       | 3 | 1 1 - - 0 | 1 1 - - 1 | 1 1 - - 0 | 1 1 - - 1 | 0 0 0 | immediate immediate     | immediate immediate     | no no
      m68k-coldfire       | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 0 | immediate immediate     | immediate immediate     | no no
      m68k-sun3           | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 0 | after-flush after-flush | after-flush after-flush | no no
      microblaze          | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 0 | immediate immediate     | immediate immediate     | no no
      mips32              | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | after-flush immediate   | rcu rcu                 | no yes
      mips64              | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 0 0 1 | after-flush immediate   | rcu rcu                 | no yes
      nios2               | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 0 | after-flush after-flush | after-flush after-flush | no no
      openrisc            | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | after-flush after-flush | after-flush after-flush | no no
      parisc32            | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 0 | immediate immediate     | rcu rcu                 | no yes
      parisc64            | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 0 0 1 | immediate immediate     | rcu rcu                 | no yes
      powerpc64-radix-4k  | 4 | 0 3 0 - 0 | 3 3 0 - 0 | 3 3 0 - 0 | 3 3 0 - 0 | 1 0 2 | rcu rcu                 | rcu rcu                 | no no
      powerpc64-radix-64k | 4 | 0 1 0 - 0 | 1 1 0 - 0 | 1 1 0 - 0 | 1 1 0 - 0 | 1 0 2 | rcu rcu                 | rcu rcu                 | no no
      powerpc64-hash-4k   | 4 | 0 1 0 - 0 | 3 1 0 - 0 | 3 1 0 - 0 | 3 1 0 - 0 | 1 0 2 | rcu rcu                 | rcu rcu                 | no no
      powerpc64-hash-64k  | 4 | 0 1 0 - 0 | 1 1 0 - 0 | 1 1 0 - 0 | 1 1 0 - 0 | 1 0 2 | rcu rcu                 | rcu rcu                 | no no
      powerpc64-nohash    | 4 | 0 0 0 - 0 | 3 0 0 - 0 | 3 0 0 - 0 | 3 0 0 - 0 | 0 0 1 | rcu rcu                 | rcu rcu                 | no no
      powerpc32           | 2 | 0 - - - 0 | 3 - - - 0 | 3 - - - 0 | 3 - - - 0 | 0 0 1 | rcu rcu                 | rcu rcu                 | no no
      riscv32             | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | rcu rcu                 | rcu rcu                 | no yes
      riscv64-sv39        | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      riscv64-sv48        | 4 | 0 3 3 - 0 | 3 3 3 - 3 | 3 3 3 - 0 | 3 3 3 - 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      riscv64-sv57        | 5 | 0 3 3 0 0 | 3 3 3 3 3 | 3 3 3 0 0 | 3 3 3 3 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      s390                | 5 | 3 3 3 0 0 | 3 3 3 3 3 | 3 3 3 0 0 | 3 3 3 3 3 | 2 0 2 | rcu rcu                 | rcu rcu                 | no yes
      sh                  | 2 | 0 - - - 0 | 3 - - - 0 | 3 - - - 0 | 3 - - - 0 | 0 0 1 | after-flush after-flush | after-flush after-flush | no no
      sh-x2tlb            | 3 | 0 0 - - 0 | 3 0 - - 0 | 3 0 - - 0 | 3 0 - - 0 | 0 0 1 | after-flush immediate   | after-flush immediate   | no no
      sparc32             | 3 | 0 0 - - 0 | 0 0 - - 0 | 1 0 - - 0 | 1 0 - - 0 | 0 0 0 | immediate immediate     | immediate immediate     | no no
      sparc64             | 4 | 0 0 0 - 0 | 3 0 0 - 0 | 3 0 0 - 0 | 3 0 0 - 0 | 0 0 1 | rcu rcu                 | rcu rcu                 | no no
      um64                | 4 | 0 3 3 - 0 | 3 3 3 - 3 | 3 3 3 - 0 | 3 3 3 - 3 | 0 0 0 | after-flush after-flush | rcu rcu                 | no yes
      um32                | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 0 | after-flush after-flush | rcu rcu                 | no yes
      x86-32              | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | rcu rcu                 | rcu rcu                 | no yes
      x86-pae             | 3 | 0 3 - - 0 | 3 3 - - 3 | 3 3 - - 0 | 3 3 - - 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | no yes
      x86-64              | 4 | 0 3 3 - 0 | 3 3 3 - 3 | 3 3 3 - 0 | 3 3 3 - 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | yes yes
      x86-64-5level       | 5 | 0 3 3 0 0 | 3 3 3 3 3 | 3 3 3 0 0 | 3 3 3 3 3 | 1 0 2 | rcu rcu                 | rcu rcu                 | yes yes
      xtensa              | 2 | 0 - - - 0 | 3 - - - 3 | 3 - - - 0 | 3 - - - 3 | 0 0 1 | immediate immediate     | immediate immediate     | no no
      """;

  private final KernelMachine kernel = KernelMachine.boot(Kernels.config("x86_64-4level", "0-64M"));
  private final Cpu cpu = kernel.cpu(0);

  @AfterEach
  void close() {
    kernel.close();
  }

  @Test
  void everyRow_isConstructedAndDestructedInPairs() {
    String observed =
        ArchTables.all().stream().map(this::observe).collect(Collectors.joining("\n", "", "\n"));

    assertThat(observed).isEqualTo(EXPECTED);
  }

  private String observe(ArchTableRow row) {
    return String.format(
        Locale.ROOT,
        "%-19s | %d | %-9s | %-9s | %-9s | %-9s | %d %d %d | %-23s | %-23s | %s %s",
        row.name(),
        row.levels(),
        constructed(row, LinuxVersion.V6_12, TableOwner.INIT_MM),
        constructed(row, LinuxVersion.V7_0, TableOwner.INIT_MM),
        constructed(row, LinuxVersion.V6_12, PROCESS),
        constructed(row, LinuxVersion.V7_0, PROCESS),
        locks(row, LinuxVersion.V6_12, TableOwner.INIT_MM),
        locks(row, LinuxVersion.V7_0, TableOwner.INIT_MM),
        locks(row, LinuxVersion.V7_0, PROCESS),
        freed(row, LinuxVersion.V6_12),
        freed(row, LinuxVersion.V7_0),
        row.reclaims(LinuxVersion.V6_17) ? "yes" : "no",
        row.reclaims(LinuxVersion.V7_0) ? "yes" : "no");
  }

  private TableConstructors constructors(ArchTableRow row, LinuxVersion version) {
    return new TableConstructors(
        kernel.machine().events(), row.locks(LockStorage.IN_DESCRIPTOR, version), 1 << 14);
  }

  private long freePages() {
    return kernel.allocator().freePages() + kernel.allocator().pcpPages();
  }

  /** Makes and frees tables; answers the pages that were constructed at each level. */
  private String constructed(ArchTableRow row, LinuxVersion version, TableOwner owner) {
    StringBuilder pages = new StringBuilder();
    for (int level = 1; level <= ArchTableRow.LEVELS; level++) {
      pages.append(pages.isEmpty() ? "" : " ").append(constructed(row, version, owner, level));
    }
    return pages.toString();
  }

  private String constructed(ArchTableRow row, LinuxVersion version, TableOwner owner, int level) {
    if (!row.shape(level).exists()) {
      return "-";
    }
    TableConstructors constructors = constructors(row, version);
    RowTables tables =
        new RowTables(row, version, kernel.allocator(), constructors, kernel.machine().events());
    long before = freePages();
    List<Long> taken = new ArrayList<>();
    for (int i = 0; i < TABLES; i++) {
      long pa = tables.allocate(cpu, level, owner);
      assertThat(pa).isNotEqualTo(RowTables.NONE);
      taken.add(pa);
    }
    assertThat(taken).doesNotHaveDuplicates();
    long made = constructors.constructed();
    assertThat(constructors.pages()).isGreaterThanOrEqualTo(made);
    taken.forEach(pa -> tables.free(cpu, pa, level));
    assertThat(constructors.destructed()).as(row.name()).isEqualTo(made);
    assertThat(constructors.pages()).as(row.name()).isZero();
    assertThat(freePages()).as(row.name()).isEqualTo(before);
    assertThat(tables.sharedPages()).isZero();
    return Long.toString(made);
  }

  /** Locks made for one table of each level. */
  private long locks(ArchTableRow row, LinuxVersion version, TableOwner owner) {
    TableConstructors constructors = constructors(row, version);
    RowTables tables =
        new RowTables(row, version, kernel.allocator(), constructors, kernel.machine().events());
    for (int level = 1; level < ArchTableRow.LEVELS; level++) {
      if (row.shape(level).exists()) {
        tables.free(cpu, tables.allocate(cpu, level, owner), level);
      }
    }
    return constructors.locksMade();
  }

  private static String freed(ArchTableRow row, LinuxVersion version) {
    return words(row.mode(1, version)) + " " + words(row.mode(2, version));
  }

  private static String words(FreeMode mode) {
    return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Test
  void locks_thatAreAllocated_areTakenAndGivenBack() {
    for (ArchTableRow row : ArchTables.all()) {
      TableConstructors constructors =
          new TableConstructors(
              kernel.machine().events(),
              row.locks(LockStorage.ALLOCATED, LinuxVersion.V7_0),
              1 << 14);
      int[] taken = new int[1];
      constructors.setLockCache(
          new LockCache() {
            @Override
            public boolean take(Cpu on) {
              taken[0]++;
              return taken[0] < 2;
            }

            @Override
            public void give(Cpu on) {
              taken[0]--;
            }
          });
      RowTables tables =
          new RowTables(
              row, LinuxVersion.V7_0, kernel.allocator(), constructors, kernel.machine().events());
      long before = freePages();
      long kernelTable = tables.allocate(cpu, 1, TableOwner.INIT_MM);
      assertThat(taken[0]).as("locks of the kernel's tables").isZero();
      long first = tables.allocate(cpu, 1, PROCESS);
      if (row.split() != ArchTableRow.Split.NONE) {
        assertThat(taken[0]).isEqualTo(1);
        tables.free(cpu, first, 1);
        assertThat(taken[0]).isZero();
      } else {
        tables.free(cpu, first, 1);
      }
      tables.free(cpu, kernelTable, 1);
      assertThat(freePages()).as(row.name()).isEqualTo(before);
    }
  }

  @Test
  void lockThatCannotBeHad_leavesNoTable() {
    TableConstructors constructors =
        new TableConstructors(
            kernel.machine().events(),
            TableConfig.SPLIT.withLockStorage(LockStorage.ALLOCATED),
            1 << 14);
    constructors.setLockCache(on -> false);
    long before = freePages();
    RowTables tables =
        new RowTables(
            ArchTables.named("x86-64"),
            LinuxVersion.V7_0,
            kernel.allocator(),
            constructors,
            kernel.machine().events());
    assertThat(tables.allocate(cpu, 1, PROCESS)).isEqualTo(RowTables.NONE);
    assertThat(freePages()).isEqualTo(before);
    assertThat(constructors.pages()).isZero();
  }

  @Test
  void fragments_ofOnePage_goTogether() {
    ArchTableRow row = ArchTables.named("powerpc64-radix-64k");
    TableConstructors constructors = constructors(row, LinuxVersion.V7_0);
    RowTables tables =
        new RowTables(
            row, LinuxVersion.V7_0, kernel.allocator(), constructors, kernel.machine().events());
    List<Long> taken = new ArrayList<>();
    for (int i = 0; i < 257; i++) {
      taken.add(tables.allocate(cpu, 1, PROCESS));
    }
    assertThat(taken).doesNotHaveDuplicates();
    assertThat(constructors.constructed()).isEqualTo(2);
    for (int i = 0; i < 255; i++) {
      tables.free(cpu, taken.get(i), 1);
    }
    assertThat(constructors.destructed()).isZero();
    tables.free(cpu, taken.get(255), 1);
    assertThat(constructors.destructed()).isEqualTo(1);
  }

  @Test
  void hooks_seeEveryTable_andMayRefuseIt() {
    TableConstructors constructors = constructors(ArchTables.named("x86-64"), LinuxVersion.V7_0);
    List<String> seen = new ArrayList<>();
    constructors.add(hook(seen, "a", 0));
    constructors.add(hook(seen, "b", -12));
    assertThat(constructors.construct(cpu, 77, 1, 0, PROCESS)).isEqualTo(-12);
    assertThat(seen).containsExactly("a+77", "b+77", "a-77");
    assertThat(constructors.descriptor(77)).isNull();
  }

  private static ConstructorHook hook(List<String> seen, String name, int answer) {
    return new ConstructorHook() {
      @Override
      public int constructed(Cpu on, PageTableDescriptor table) {
        seen.add(name + "+" + table.pfn());
        return answer;
      }

      @Override
      public void destructed(Cpu on, PageTableDescriptor table) {
        seen.add(name + "-" + table.pfn());
      }
    };
  }

  /** Whether destructors follow constructors, and whether walkers find the lock that they take. */
  private static final String SPECIAL =
      """
      x86-64       | early      | 7.0  | constructed 0 | left 0 | locks wrong at none
      x86-64       | hotplug    | 7.0  | constructed 0 | left 0 | locks wrong at none
      x86-64       | map-split  | 6.12 | constructed 0 | left 0 | locks wrong at none
      x86-64       | map-split  | 7.0  | constructed 0 | left 0 | locks wrong at none
      x86-64       | map-split  | 7.3  | constructed 2 | left 0 | locks wrong at none
      x86-64       | efi        | 7.0  | constructed 4 | left 0 | locks wrong at none
      arm          | efi        | 6.12 | constructed 1 | left 1 | locks wrong at none
      arm          | efi        | 7.0  | constructed 1 | left 1 | locks wrong at none
      arm64-4k     | early      | 7.0  | constructed 0 | left 0 | locks wrong at none
      arm64-4k     | efi        | 6.12 | constructed 2 | left 2 | locks wrong at none
      arm64-4k     | efi        | 7.0  | constructed 4 | left 4 | locks wrong at none
      arm64-4k     | hotplug    | 6.12 | constructed 2 | left 2 | locks wrong at 1 2
      arm64-4k     | hotplug    | 7.0  | constructed 4 | left 4 | locks wrong at none
      arm64-4k     | hotplug    | 7.3  | constructed 4 | left 0 | locks wrong at none
      arm64-4k     | map-split  | 7.0  | constructed 4 | left 4 | locks wrong at none
      riscv64-sv39 | early      | 7.0  | constructed 0 | left 0 | locks wrong at none
      riscv64-sv39 | efi        | 7.0  | constructed 4 | left 4 | locks wrong at none
      riscv64-sv39 | hotplug    | 6.12 | constructed 2 | left 0 | locks wrong at 1 2
      riscv64-sv39 | hotplug    | 7.0  | constructed 4 | left 0 | locks wrong at 1 2
      s390         | vmem-pte   | 7.0  | constructed 1 | left 0 | locks wrong at none
      s390         | vmem-upper | 7.0  | constructed 0 | left 0 | locks wrong at none
      s390         | base-asce  | 7.0  | constructed 0 | left 0 | locks wrong at none
      microblaze   | early      | 7.0  | constructed 0 | left 0 | locks wrong at none
      openrisc     | early      | 7.0  | constructed 0 | left 0 | locks wrong at none
      """;

  @Test
  @BreaksProperty(
      value = "table-construction",
      because = "older versions do not pair constructor and destructor")
  void specialAllocators_byVersion_pairAndLockAsExpected() {
    String observed =
        SpecialAllocator.all().stream()
            .map(this::observe)
            .collect(Collectors.joining("\n", "", "\n"));

    assertThat(observed).isEqualTo(SPECIAL);
  }

  private String observe(SpecialAllocator special) {
    ArchTableRow row = ArchTables.named(special.arch());
    TableConfig locks = row.locks(LockStorage.IN_DESCRIPTOR, special.version());
    TableConstructors constructors = constructors(row, special.version());
    StringBuilder wrongLocks = new StringBuilder();
    for (int level = 1; level <= 4; level++) {
      long pfn = special.take(cpu, kernel.allocator(), constructors, level);
      if (special.fate() != SpecialAllocator.Fate.KEPT) {
        special.give(cpu, kernel.allocator(), constructors, pfn);
      }
      if (!special.locksAsWalkersDo(level, locks)) {
        wrongLocks.append(wrongLocks.isEmpty() ? "" : " ").append(level);
      }
    }
    long left = constructors.constructed() - constructors.destructed();
    return String.format(
        Locale.ROOT,
        "%-12s | %-10s | %-4s | constructed %d | left %d | locks wrong at %s",
        special.arch(),
        special.use(),
        special.version().label(),
        constructors.constructed(),
        left,
        wrongLocks.isEmpty() ? "none" : wrongLocks);
  }

  @Test
  void named_unknownRow_listsTheKnownOnes() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ArchTables.named("vax"))
        .withMessageContaining("x86-64");
  }
}
