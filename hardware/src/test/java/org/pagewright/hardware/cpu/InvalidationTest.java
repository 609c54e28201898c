package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Control;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.hardware.tlb.TlbGeometry;
import org.pagewright.hardware.tlb.Tlbi;

/**
 * What each invalidation instruction leaves behind, as tables to be read beside the manuals.
 *
 * <p>Before each: page a in address spaces 1 and 2 (a1, a2), page b and large page h in 1 (b1, h1),
 * page g, which is global (g). Structure caches hold the tables of level 1 for a, b and g (sa1,
 * sa2, sb1, sg1) and the table above them (p1, p2). Address space 1 is current.
 */
class InvalidationTest {
  private static final long A = 1L << 30;
  private static final long B = A + (4L << 20);
  private static final long H = A + (8L << 20);
  private static final long G = A + (12L << 20);
  private static final long RAM = 32L << 20;

  private Machine machine = prepared("x86_64-4level", TlbGeometry.Traits.NONE);

  @AfterEach
  void close() {
    machine.close();
  }

  private static Machine prepared(String format, TlbGeometry.Traits traits) {
    PteFormat pteFormat = PteFormat.named(format);
    Machine machine =
        new Machine(
            MachineConfig.small(pteFormat)
                .withTlb(TlbGeometries.small(pteFormat.architecture()).withTraits(traits)));
    TestTables tables = new TestTables(machine);
    int rights = TestTables.READ_WRITE;
    tables.map(A, RAM, 1, rights);
    tables.map(B, RAM + 4096, 1, rights);
    tables.map(H, RAM, 2, rights);
    tables.map(G, RAM + 8192, 1, rights | Rights.GLOBAL);
    for (int id = 0; id < machine.cpus(); id++) {
      Mmu mmu = machine.cpu(id).mmu();
      if (pteFormat.architecture() == Architecture.X86) {
        mmu.setControl(Control.PCIDE, true);
      }
      touch(mmu, tables.root, 2, A);
      touch(mmu, tables.root, 1, A, B, H, G);
    }
    return machine;
  }

  private static void touch(Mmu mmu, long root, int asid, long... vas) {
    assertThat(mmu.switchRoot(root, asid)).isTrue();
    for (long va : vas) {
      assertThat(mmu.translate(va, Access.READ)).isPositive();
    }
  }

  private static String left(Cpu cpu) {
    TreeSet<String> names = new TreeSet<>();
    cpu.tlb()
        .forEachEntry((array, va, asid, shift, translation) ->
            names.add(page(va) + (asid == Tlb.GLOBAL ? "" : asid)));
    cpu.tlb()
        .forEachStructure((level, va, span, asid, table) -> {
          if (level <= 2) {
            names.add((level == 2 ? "p" : "s" + page(va)) + asid);
          }
        });
    return names.isEmpty() ? "nothing" : String.join(" ", names);
  }

  private static String page(long va) {
    return va == A ? "a" : va == B ? "b" : va == H ? "h" : va == G ? "g" : "?";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nothing done      | a1 a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          invlpg a          | a2 b1 g h1 p2 sa2
          invlpg g          | a1 a2 b1 h1 p2 sa2
          invlpg h          | a1 a2 b1 g p2 sa2
          invpcid 0 1 a     | a2 b1 g h1 p2 sa2
          invpcid 0 2 a     | a1 b1 g h1 p1 sa1 sb1 sg1
          invpcid 0 1 g     | a1 a2 b1 g h1 p2 sa2
          invpcid 1 1       | a2 g p2 sa2
          invpcid 1 2       | a1 b1 g h1 p1 sa1 sb1 sg1
          invpcid 2         | nothing
          invpcid 3         | g
          cr3 1             | a2 g p2 sa2
          cr3 2             | a1 b1 g h1 p1 sa1 sb1 sg1
          cr3 1 keep        | a1 a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          pge toggle        | nothing
          pge off           | nothing
          pcide off         | nothing
          smep on           | nothing
          """)
  void intel_eachInstruction_leaves(String instruction, String expected) {
    x86(machine.cpu(0), instruction);
    assertThat(left(machine.cpu(0))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          invlpg a          | a2 b1 g h1 p2 sa2 sb1 sg1
          invlpg h          | a1 a2 b1 g p2 sa1 sa2 sb1 sg1
          invpcid 0 2 a     | a1 b1 g h1 p1 sa1 sb1 sg1
          invpcid 1 1       | a2 g p2 sa2
          """)
  void amdWithTce_eachInstruction_sparesOtherPaths(String instruction, String expected) {
    close();
    machine = prepared("x86_64-4level", new TlbGeometry.Traits(true, false));
    x86(machine.cpu(0), instruction);
    assertThat(left(machine.cpu(0))).isEqualTo(expected);
  }

  private void x86(Cpu cpu, String instruction) {
    String[] words = instruction.split(" ", -1);
    long root = cpu.registers().root() & -4096;
    switch (words[0]) {
      case "invlpg" -> cpu.invalidatePage(address(words[1]));
      case "invpcid" ->
          cpu.invalidatePcid(
              Integer.parseInt(words[1]),
              words.length > 2 ? Integer.parseInt(words[2]) : 0,
              words.length > 3 ? address(words[3]) : 0);
      case "cr3" ->
          assertThat(cpu.loadRoot(root | Integer.parseInt(words[1]), words.length > 2)).isTrue();
      case "pge" -> {
        if (words[1].equals("off")) {
          cpu.mmu().setControl(Control.PGE, false);
        } else {
          cpu.toggleGlobalPages();
        }
      }
      case "pcide" -> cpu.mmu().setControl(Control.PCIDE, false);
      case "smep" -> cpu.mmu().setControl(Control.SMEP, true);
      default -> assertThat(instruction).isEqualTo("nothing done");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          va a global          | b1 g h1
          va a pcid 1          | a2 b1 g h1 p2 sa2
          va a pcid 1 final    | a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          pcid 1               | a2 g p2 sa2
          global               | nothing
          any                  | g
          """)
  void invlpgb_completesWithTlbsync_onAllCpus(String flags, String expected) {
    Cpu cpu = machine.cpu(0);
    String before = left(cpu);
    int bits = 0;
    int pcid = 0;
    String[] words = flags.split(" ", -1);
    for (int i = 0; i < words.length; i++) {
      switch (words[i]) {
        case "va" -> bits |= Mmu.INVLPGB_VA;
        case "pcid" -> {
          bits |= Mmu.INVLPGB_PCID;
          pcid = Integer.parseInt(words[i + 1]);
        }
        case "global" -> bits |= Mmu.INVLPGB_GLOBAL;
        case "final" -> bits |= Mmu.INVLPGB_FINAL_ONLY;
        default -> {}
      }
    }
    cpu.mmu().broadcastInvalidate(A, /* pages= */ 1, pcid, bits);
    assertThat(left(cpu)).isEqualTo(before);
    cpu.mmu().tlbsync();
    assertThat(left(cpu)).isEqualTo(expected);
    assertThat(left(machine.cpu(1))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          VMALLE1    | nothing
          ASIDE1 1   | a2 g p2 sa2
          ASIDE1 2   | a1 b1 g h1 p1 sa1 sb1 sg1
          VAE1 1 a   | a2 b1 g h1 p2 sa2 sb1 sg1
          VAE1 2 a   | a1 b1 g h1 p1 sa1 sb1 sg1
          VAE1 2 g   | a1 a2 b1 h1 p1 sa1 sa2 sb1 sg1
          VAAE1 0 a  | b1 g h1 sb1 sg1
          VALE1 1 a  | a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          VALE1 1 g  | a1 a2 b1 h1 p1 p2 sa1 sa2 sb1 sg1
          VAALE1 0 a | b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          VAALE1 0 h | a1 a2 b1 g p1 p2 sa1 sa2 sb1 sg1
          """)
  void arm64_eachOperation_leaves(String operation, String expected) {
    for (boolean isBroadcast : new boolean[] {false, true}) {
      close();
      machine = prepared("aarch64-4k", TlbGeometry.Traits.NONE);
      Cpu cpu = machine.cpu(0);
      String before = left(cpu);
      String[] words = operation.split(" ", -1);
      int bits = kind(words[0]) | (isBroadcast ? Tlbi.INNER_SHAREABLE : 0);
      cpu.tlbi(
          bits,
          words.length > 2 ? address(words[2]) : 0,
          words.length > 1 ? Integer.parseInt(words[1]) : 0);
      assertThat(left(cpu)).as("before DSB").isEqualTo(before);
      assertThat(cpu.mmu().pendingInvalidations()).isEqualTo(1);
      cpu.mmu().dsb();
      assertThat(left(cpu)).isEqualTo(expected);
      assertThat(left(machine.cpu(1))).isEqualTo(isBroadcast ? expected : before);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # kind | pages | level hint | left
          VALE1  | 1     | 1          | a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          VALE1  | 1     | 2          | a1 a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          VALE1  | 1024  | 0          | a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          VALE1  | 1025  | 0          | a2 g h1 p1 p2 sa1 sa2 sb1 sg1
          VALE1  | 2560  | 0          | a2 g p1 p2 sa1 sa2 sb1 sg1
          VALE1  | 4096  | 0          | a2 p1 p2 sa1 sa2 sb1 sg1
          VALE1  | 4096  | 2          | a1 a2 b1 g p1 p2 sa1 sa2 sb1 sg1
          VAE1   | 1025  | 0          | a2 g h1 p2 sa2 sg1
          """)
  void arm64_rangesAndLevelHints_leave(String kind, long pages, int level, String expected) {
    close();
    machine = prepared("aarch64-4k", TlbGeometry.Traits.NONE);
    Cpu cpu = machine.cpu(0);
    cpu.mmu().tlbiRange(Tlbi.withLevel(kind(kind), level), A, pages, /* asid= */ 1);
    cpu.mmu().dsb();
    assertThat(left(cpu)).isEqualTo(expected);
  }

  private static int kind(String name) {
    return switch (name) {
      case "VMALLE1" -> Tlbi.VMALLE1;
      case "ASIDE1" -> Tlbi.ASIDE1;
      case "VAE1" -> Tlbi.VAE1;
      case "VAAE1" -> Tlbi.VAAE1;
      case "VALE1" -> Tlbi.VALE1;
      case "VAALE1" -> Tlbi.VAALE1;
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          x0 x0 | nothing
          a  x0 | b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          g  x0 | a1 a2 b1 h1 p1 p2 sa1 sa2 sb1 sg1
          x0 1  | a2 g p2 sa2
          a  1  | a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          g  1  | a1 a2 b1 g h1 p1 p2 sa1 sa2 sb1 sg1
          h  1  | a1 a2 b1 g p1 p2 sa1 sa2 sb1 sg1
          """)
  void riscv_eachFence_leaves(String operands, String expected) {
    close();
    machine = prepared("riscv64-sv48", TlbGeometry.Traits.NONE);
    String[] words = operands.split(" +", -1);
    Cpu cpu = machine.cpu(0);
    String before = left(cpu);
    cpu.sfence(
        words[0].equals("x0") ? Mmu.ANY : address(words[0]),
        words[1].equals("x0") ? Mmu.ANY : Integer.parseInt(words[1]));
    assertThat(left(cpu)).isEqualTo(expected);
    assertThat(left(machine.cpu(1))).as("the other hart").isEqualTo(before);
  }

  private static long address(String name) {
    // Any byte of a page names it.
    return switch (name) {
      case "a" -> A + 8;
      case "b" -> B + 8;
      case "h" -> H + (1L << 20);
      case "g" -> G;
      default -> throw new IllegalArgumentException(name);
    };
  }
}
