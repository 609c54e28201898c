package org.pagewright.hardware.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.ReferenceWalker.Answer;

/** The walker and the reference give the same answer to every access of random tables. */
class WalkerAgainstReferenceTest {
  private static final int SETTINGS = 60;
  private static final int ADDRESSES = 150;
  private static final int[] ACCESSES = {
    Access.READ,
    Access.WRITE,
    Access.EXECUTE,
    Access.READ | Access.USER,
    Access.WRITE | Access.USER,
    Access.EXECUTE | Access.USER
  };

  static List<PteFormat> formats() {
    List<PteFormat> formats = new ArrayList<>(PteFormats.all());
    formats.add(PteFormat.named("x86_64-4level").withPhysicalBits(40));
    formats.add(PteFormat.named("x86_64-pae").withPhysicalBits(36));
    formats.add(PteFormat.named("aarch64-4k").withPhysicalBits(40));
    formats.add(PteFormat.named("riscv64-sv48").withPhysicalBits(44));
    return formats;
  }

  private final Map<FaultKind, Integer> faults = new EnumMap<>(FaultKind.class);
  private final Map<Integer, Integer> pages = new HashMap<>();

  @ParameterizedTest
  @MethodSource("formats")
  void everyAccess_ofRandomTables_isAnsweredLikeTheReference(PteFormat format) {
    Random random = new Random(7L * format.name().hashCode() + format.physicalBits());
    try (PhysicalMemory memory = new PhysicalMemory(MemoryMap.parse("0-1M,2M-64M,65M-66M"))) {
      Walker walker = new Walker(memory, format);
      ReferenceWalker reference = new ReferenceWalker(memory, format);
      RandomTables tables = new RandomTables(random, memory, format);
      for (int i = 0; i < SETTINGS; i++) {
        tables.fill();
        PagingRegisters registers = new PagingRegisters(format);
        tables.randomize(registers);
        loadRoots(walker, reference, registers, tables);
        for (int j = 0; j < ADDRESSES; j++) {
          compareWalks(walker, reference, registers, tables.va(registers));
          int access = ACCESSES[random.nextInt(ACCESSES.length)];
          compareAccesses(walker, reference, registers, tables.va(registers), access);
        }
      }
    }
    assertThat(faults).containsKeys(FaultKind.NOT_PRESENT, FaultKind.MACHINE_CHECK);
    assertThat(faults).containsKeys(FaultKind.NOT_CANONICAL);
    assertThat(faults).containsKey(FaultKind.DENIED);
    assertThat(pages.size()).as("page sizes that occurred: %s", pages).isGreaterThanOrEqualTo(2);
  }

  private static void loadRoots(
      Walker walker, ReferenceWalker reference, PagingRegisters registers, RandomTables tables) {
    PteFormat format = registers.format();
    long root = tables.table(format.topLevel(registers.inputBits()));
    if (format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      long pa = 0x1000;
      for (int i = 0; i < 4; i++) {
        walker.memory().write(pa + 8L * i, i == 3 ? 0 : format.table(3, tables.table(2)));
      }
      assertThat(reference.loadPdptes(pa)).isTrue();
      root = pa;
    }
    assertThat(walker.loadRoot(registers, root)).isTrue();
    if (format.roots().hasSecond()) {
      registers.setRoot1(tables.table(format.topLevel(registers.inputBits1())));
    }
  }

  private void compareWalks(
      Walker walker, ReferenceWalker reference, PagingRegisters registers, long va) {
    Answer expected = reference.walk(registers, va);
    for (int repeat = 0; repeat < 2; repeat++) {
      compareStructure(expected, walker.walk(registers, va), va);
    }
    if (expected.kind != null) {
      faults.merge(expected.kind, 1, Integer::sum);
    } else {
      pages.merge(expected.shift, 1, Integer::sum);
    }
    compareStartsBelow(walker, registers, va);
  }

  /** A walk that starts in any table which a whole walk passed ends in the same place. */
  private static void compareStartsBelow(Walker walker, PagingRegisters registers, long va) {
    WalkPath path = new WalkPath();
    long whole = walker.walk(registers, va, path);
    for (int level = path.topLevel(); level > 0 && level >= path.lowestLevel(); level--) {
      WalkPath below = new WalkPath();
      below.startAt(level, path.tablePa(level), path.limits(level));
      assertThat(walker.walk(registers, va, below)).isEqualTo(whole);
      assertThat(below.topLevel()).isEqualTo(level);
      assertThat(below.entryPa(level)).isEqualTo(path.entryPa(level));
    }
  }

  private void compareAccesses(
      Walker walker, ReferenceWalker reference, PagingRegisters registers, long va, int access) {
    Answer expected = reference.walk(registers, va);
    boolean isWrite = Access.isWrite(access);
    new ReferenceChecks(registers)
        .apply(expected, Access.isUser(access), isWrite, Access.isExecute(access));
    Map<Long, Long> before = new HashMap<>();
    for (Map.Entry<Long, Long> update : expected.updates.entrySet()) {
      before.put(update.getKey(), walker.memory().read(update.getKey()));
    }
    long actual = walker.translate(registers, va, access);
    if (expected.kind != null) {
      faults.merge(expected.kind, 1, Integer::sum);
      compareFault(expected, actual, registers, va, access);
      return;
    }
    assertThat(Translation.isFault(actual)).as(() -> Translation.describe(actual)).isFalse();
    assertThat(Translation.pa(actual, va)).isEqualTo(expected.pa);
    compareUpdates(walker, registers, expected, before, isWrite);
  }

  private static void compareFault(
      Answer expected, long actual, PagingRegisters registers, long va, int access) {
    Supplier<String> context =
        () ->
            registers.format()
                + " "
                + Long.toHexString(va)
                + " "
                + Access.describe(access)
                + ": "
                + Translation.describe(actual)
                + " "
                + registers.controls();
    assertThat(Translation.isFault(actual)).as(context).isTrue();
    assertThat(Translation.faultKind(actual)).as(context).isEqualTo(expected.kind);
    assertThat(Translation.faultAccess(actual)).isEqualTo(access);
    boolean isStructural = expected.shift == 0;
    if (isStructural) {
      assertThat(Translation.faultLevel(actual)).as(context).isEqualTo(expected.level);
    } else {
      expected.level = Translation.faultLevel(actual);
      int shift = registers.format().level(expected.level).shift();
      assertThat(shift).as(context).isLessThanOrEqualTo(expected.shift);
    }
    if (expected.code != -1) {
      int code = Translation.errorCode(actual);
      int armLevel =
          registers.format().architecture() == Architecture.ARM64 && !isStructural
              ? 4 - expected.level
              : 0;
      int expectedCode =
          isStructural || armLevel == 0 ? expected.code : expected.code - 4 + armLevel;
      assertThat(code).as(context).isEqualTo(expectedCode);
    }
  }

  private static void compareUpdates(
      Walker walker,
      PagingRegisters registers,
      Answer expected,
      Map<Long, Long> before,
      boolean isWrite) {
    long last = 0;
    for (long at : expected.updates.keySet()) {
      last = at;
    }
    for (Map.Entry<Long, Long> update : expected.updates.entrySet()) {
      long wanted = update.getValue();
      if (update.getKey() == last && isWrite) {
        wanted = dirtied(registers, wanted);
      }
      assertThat(walker.memory().read(update.getKey()))
          .as(() -> "entry was " + before.get(update.getKey()))
          .isEqualTo(wanted);
    }
  }

  private static long dirtied(PagingRegisters registers, long word) {
    return switch (registers.format().architecture()) {
      case X86 -> word | 1L << 6;
      case RISCV -> word | 1L << 7;
      case ARM64 -> registers.has(Control.HD) ? word & ~(1L << 7) : word;
      case POWER -> Long.reverseBytes(Long.reverseBytes(word) | 1L << 7);
      case S390, LOONGARCH, SPARC -> word;
    };
  }

  private static void compareStructure(Answer expected, long actual, long va) {
    Supplier<String> context = () -> Long.toHexString(va) + ": " + Translation.describe(actual);
    if (expected.kind != null) {
      assertThat(Translation.isFault(actual)).as(context).isTrue();
      assertThat(Translation.faultKind(actual)).as(context).isEqualTo(expected.kind);
      assertThat(Translation.faultLevel(actual)).as(context).isEqualTo(expected.level);
      return;
    }
    assertThat(Translation.isFault(actual)).as(context).isFalse();
    assertThat(Translation.pa(actual, va)).as(context).isEqualTo(expected.pa);
    assertThat(Translation.pageShift(actual)).as(context).isEqualTo(expected.shift);
    assertThat(Translation.rights(actual)).as(context).isEqualTo(expected.rights());
    assertThat(Translation.pkey(actual)).as(context).isEqualTo(expected.pkey);
    assertThat(Translation.memoryType(actual)).as(context).isEqualTo(expected.memoryType);
  }
}
