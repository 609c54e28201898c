package org.pagewright.kernel.ldt;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.Mm;

/**
 * What the kernel's own test of LDTs expects (tools/testing/selftests/x86/ldt_gdt.c, Linux 7.0), as
 * a table, in every mode.
 */
class LdtSelftestTest {
  /**
   * Calls one after the other: function, entry, base, limit, flags; then the result, and what LAR
   * says of the entry: its type, S, DPL and P (hexadecimal, without the accessed bit), and G, D, L,
   * AVL. A dash is an entry that is not valid.
   *
   * <p>Flags: 3 = 32 bits, c0 to c3 = contents, r = read or execute only, p = limit in pages, n =
   * not present, u = useable, l = long mode.
   */
  private static final String CALLS =
      """
      17    0           0     10  3 c2          0       fa 4
      17    0           0     10  3 c2 p        0       fa c
      17    2           0     10  3 c2 p        0       fa c
      17    2  0xf0000000     10  3 c2 p        0       fa c
      17    2  0xf0000000     10  3 c2 p u      0       fa d
      17    2  0xf0000000     10  3 c2 p n u    0       7a d
      17    2  0xf0000000     10  c2 p n u      0       7a 9
      17    2  0xf0000000     10  3 c0 p n u    0       72 d
      17    2  0xf0000000     10  3 c0 p r n u  0       70 d
      17    2  0xf0000000     10  3 c1 p r n u  0       74 d
      17    2  0xf0000000     10  3 c1 n u      0       76 5
      17    2  0xf0000000     10  3 c3 n u      0       7e 5
      17    2  0xf0000000     10  3 c3 r n u    0       7c 5
      17    2  0xf0000000     10  3 c2 n u      0       7a 5
      17    2  0xf0000000     10  3 c2 r n u l  0       78 5
      17    2  0xf0000000     10  3 c2 r n u    0       78 5
      17 8191  0xf0000000   8191  3 c2 r n u    0       78 5
      17 8192  0xf0000000   8191  3 c2 r n u    -EINVAL -
      17    0           0      0  c0            0       f2 0
      17    0           0      0  c0 n          0       72 0
      17    0           0      0  c0 r          0       f0 0
      17    0           0      0  c0 n          0       72 0
      17    0           0      1  c0 r n        0       70 0
      17    0           1      0  c0 r n        0       70 0
      17    0           0      0  c0 r n        0       -
      17    0           0 0xfffff 3 c0          0       f2 4
      17    0           0 0xfffff 3 c0 p        0       f2 c
      17    0           0 0xfffff 3 c0 p r      0       f0 c
      17    0           0 0xfffff 3 c1 p        0       f6 c
      17    0           0 0xfffff 3 c1 p r      0       f4 c
       1    0           0      0  3 c1 p r      0       -
       1    0           0      0  c0            0       -
       1    0           0     10  3 c3 n        -EINVAL -
      17    0           0     10  3 c3          -EINVAL -
       3    0           0     10  3 c2          -ENOSYS -
      """;

  private static final List<String> FLAGS = List.of("3", "r", "p", "n", "u", "l");
  private static final int[] BITS = {
    UserDescriptor.SEG_32BIT,
    UserDescriptor.READ_EXEC_ONLY,
    UserDescriptor.LIMIT_IN_PAGES,
    UserDescriptor.SEG_NOT_PRESENT,
    UserDescriptor.USEABLE,
    UserDescriptor.LONG_MODE
  };

  private static final long ACCESSED = 1L << 40;

  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, false",
    "x86_64-4level, true",
    "x86_64-5level, false",
    "x86_64-5level, true",
    "x86_64-pae, false",
    "x86_64-pae, true",
  })
  void calls_ofTheKernelsTest_answerAsLinuxDoes(String format, boolean isIsolated) {
    try (LdtKernel world = LdtKernels.sound(format, isIsolated)) {
      long before = world.usedPages();
      Mm mm = LdtKernels.start(world);
      CALLS.lines().forEach(line -> check(world, mm, line.strip()));
      Mm child = requireNonNull(world.processes().duplicateMm(world.cpu(0), mm));
      LdtTable table = requireNonNull(ModifyLdt.table(mm));
      LdtTable copy = requireNonNull(ModifyLdt.table(child));
      for (int i = 0; i < LdtTable.MAX_ENTRIES; i++) {
        assertThat(copy.entry(i)).isEqualTo(table.entry(i));
      }
      assertThat(table.entry(1)).isZero();
      for (LdtWarning warning : LdtWarning.values()) {
        assertThat(world.ldt().warnings(warning)).as(warning.name()).isZero();
      }
      world.processes().exit(world.cpu(0), mm);
      world.processes().exit(world.cpu(0), child);
      assertThat(world.usedPages()).isEqualTo(before);
    }
  }

  private static void check(LdtKernel world, Mm mm, String line) {
    String[] words = line.split(" +", -1);
    int flagsEnd = 4;
    int flags = 0;
    while (words[flagsEnd].matches("[3rpnul]|c[0-3]")) {
      String word = words[flagsEnd];
      flags |= word.startsWith("c") ? (word.charAt(1) - '0') << 1 : BITS[FLAGS.indexOf(word)];
      flagsEnd++;
    }
    int index = Integer.parseInt(words[1]);
    UserDescriptor wanted =
        new UserDescriptor(
            index, Long.decode(words[2]).intValue(), Integer.decode(words[3]), flags);
    int result = call(world, Integer.parseInt(words[0]), wanted);
    assertThat(Errno.name(result)).as(line).isEqualTo(words[flagsEnd]);
    if (result != 0) {
      return;
    }
    long entry = requireNonNull(ModifyLdt.table(mm)).entry(index) & ~ACCESSED;
    if (words[flagsEnd + 1].equals("-")) {
      assertThat(entry).as(line).isZero();
      return;
    }
    assertThat(Long.toHexString(entry >>> 40 & 0xff)).as(line).isEqualTo(words[flagsEnd + 1]);
    assertThat(Long.toHexString(entry >>> 52 & 0xf)).as(line).isEqualTo(words[flagsEnd + 2]);
    assertThat((entry & 0xffff) | (entry >>> 32 & 0xf_0000)).as(line).isEqualTo(wanted.limit());
    assertThat((entry >>> 16 & 0xff_ffff) | (entry >>> 32 & 0xff00_0000L))
        .as(line)
        .isEqualTo(Integer.toUnsignedLong(wanted.base()));
  }

  private static int call(LdtKernel world, int function, UserDescriptor wanted) {
    Cpu cpu = world.cpu(0);
    return world.ldt().call(cpu, function, new Bytes(wanted.bytes()), UserDescriptor.BYTES);
  }

  /** Grows the table entry by entry to its end, as the kernel's test does. */
  @ParameterizedTest
  @CsvSource({"x86_64-4level, true", "x86_64-pae, true", "x86_64-5level, false"})
  void table_grownToItsEnd_keepsEveryEntry(String format, boolean isIsolated) {
    try (LdtKernel world = LdtKernels.sound(format, isIsolated)) {
      Mm mm = LdtKernels.start(world);
      for (int i = 0; i < LdtTable.MAX_ENTRIES; i += 31) {
        assertThat(call(world, ModifyLdt.WRITE, new UserDescriptor(i, 0, i, 0x4d))).isZero();
      }
      LdtTable table = requireNonNull(ModifyLdt.table(mm));
      for (int i = 0; i < table.entries(); i++) {
        long expected = i % 31 == 0 ? 0x0050_f900_0000_0000L | i : 0;
        assertThat(table.entry(i)).isEqualTo(expected);
      }
    }
  }
}
