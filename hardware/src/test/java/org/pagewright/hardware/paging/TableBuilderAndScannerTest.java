package org.pagewright.hardware.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.TableBuilder.FrameSource;
import org.pagewright.hardware.paging.TableScanner.Merge;

class TableBuilderAndScannerTest {
  private static final int DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;
  private static final int CODE = Rights.KERNEL_READ | Rights.KERNEL_EXECUTE;

  private final PhysicalMemory memory = new PhysicalMemory(MemoryMap.of(256L << 20));

  @AfterEach
  void close() {
    memory.close();
  }

  static List<PteFormat> formats() {
    return PteFormats.all();
  }

  private record Run(long va, long bytes, int level, long pa, int rights) {}

  /** Kernel data, in formats that can keep user mode out. */
  private static int data(PteFormat format) {
    return format.architecture() == Architecture.S390
        ? DATA | Rights.USER_READ | Rights.USER_WRITE
        : DATA;
  }

  private TableBuilder builder(PteFormat format) {
    return new TableBuilder(memory, format, FrameSource.rising(64L << 10, 32L << 20));
  }

  private PagingRegisters load(TableBuilder builder, PteFormat format) {
    PagingRegisters registers = new PagingRegisters(format);
    assertThat(new Walker(memory, format).loadRoot(registers, builder.rootPa())).isTrue();
    return registers;
  }

  private List<Run> scan(PagingRegisters registers, Merge merge) {
    List<Run> runs = new ArrayList<>();
    TableScanner.scan(
        memory,
        registers,
        merge,
        (va, bytes, level, first, entry) ->
            runs.add(
                new Run(
                    va,
                    bytes,
                    level,
                    Translation.pa(first, va),
                    Translation.rights(first) & Rights.PERMISSIONS)));
    return runs;
  }

  @ParameterizedTest
  @MethodSource("formats")
  void map_ofARange_isFoundByWalksAndByTheScan(PteFormat format) {
    TableBuilder builder = builder(format);
    long large = format.levelBytes(2);
    long page = format.pageBytes();
    int rights = data(format);
    builder.map(/* va= */ large - 3 * page, /* pa= */ 4 * large - 3 * page, 2 * large, rights);
    PagingRegisters registers = load(builder, format);
    Walker walker = new Walker(memory, format);

    for (long va = large - 3 * page; va < 3 * large - 3 * page; va += page) {
      long translation = walker.walk(registers, va);
      assertThat(Translation.pa(translation, va)).isEqualTo(va + 3 * large);
      boolean isLarge = va >= large && va < 2 * large;
      assertThat(Translation.pageShift(translation))
          .isEqualTo(format.level(isLarge ? 2 : 1).shift());
    }
    assertThat(Translation.isFault(walker.walk(registers, large - 4 * page))).isTrue();
    assertThat(Translation.isFault(walker.walk(registers, 3 * large - 3 * page))).isTrue();
    assertThat(scan(registers, Merge.BY_ADDRESS))
        .containsExactly(
            new Run(large - 3 * page, 3 * page, 1, 4 * large - 3 * page, rights),
            new Run(large, large, 2, 4 * large, rights),
            new Run(2 * large, large - 3 * page, 1, 5 * large, rights));
  }

  @ParameterizedTest
  @MethodSource("formats")
  void scan_ofRandomPages_saysWhatWalksSay(PteFormat format) {
    Random random = new Random(5);
    TableBuilder builder = builder(format);
    long page = format.pageBytes();
    int pages = 300;
    for (int i = 0; i < pages; i++) {
      if (random.nextInt(4) > 0) {
        int rights = random.nextInt(3) == 0 ? data(format) & ~Rights.KERNEL_WRITE : data(format);
        rights &= format.architecture() == Architecture.S390 ? -1 : ~Rights.USER_WRITE;
        boolean isUniform = ((rights & 2) != 0) == ((rights & 16) != 0);
        int flags = random.nextInt(2) == 0 ? Rights.ACCESSED | Rights.DIRTY : Rights.ACCESSED;
        if (isUniform || format.architecture() != Architecture.S390) {
          builder.map(i * page, random.nextInt(8) * page + (i + 8) * page, page, rights | flags);
        }
      }
    }
    PagingRegisters registers = load(builder, format);
    Walker walker = new Walker(memory, format);

    List<Run> byAddress = scan(registers, Merge.BY_ADDRESS);
    List<Run> byRights = scan(registers, Merge.BY_RIGHTS);

    assertThat(byRights.size()).isLessThan(byAddress.size());
    for (int i = 0; i < pages; i++) {
      long va = i * page;
      long translation = walker.walk(registers, va);
      List<Run> in = byAddress.stream().filter(run -> covers(run, va)).toList();
      assertThat(in.isEmpty()).isEqualTo(Translation.isFault(translation));
      for (Run run : in) {
        assertThat(run.pa + va - run.va).isEqualTo(Translation.pa(translation, va));
        assertThat(run.rights).isEqualTo(Translation.rights(translation) & Rights.PERMISSIONS);
      }
      assertThat(byRights.stream().anyMatch(run -> covers(run, va))).isEqualTo(!in.isEmpty());
    }
    for (int i = 1; i < byAddress.size(); i++) {
      Run previous = byAddress.get(i - 1);
      Run run = byAddress.get(i);
      boolean couldMerge =
          previous.va + previous.bytes == run.va
              && previous.pa + previous.bytes == run.pa
              && previous.rights == run.rights;
      assertThat(couldMerge).as("%s %s", previous, run).isFalse();
    }
  }

  private static boolean covers(Run run, long va) {
    return va >= run.va && va < run.va + run.bytes;
  }

  @Test
  void scan_ofHighAddresses_givesThemSignExtended() {
    PteFormat format = PteFormat.named("x86_64-4level");
    TableBuilder builder = builder(format);
    builder.map(0xffff888000000000L, 0, 4L << 20, DATA);
    builder.map(0x1000, 0x5000, 0x1000, CODE);

    assertThat(scan(load(builder, format), Merge.BY_ADDRESS))
        .containsExactly(
            new Run(0x1000, 0x1000, 1, 0x5000, CODE),
            new Run(0xffff888000000000L, 4L << 20, 2, 0, DATA));
  }

  @Test
  void scan_ofSecondRoot_startsAtItsFirstAddress() {
    PteFormat format = PteFormat.named("aarch64-4k");
    TableBuilder builder = builder(format);
    builder.map(0xffff000000200000L, 0x3000, 0x2000, DATA);
    PagingRegisters registers = new PagingRegisters(format);
    registers.setRoot1(builder.rootPa());
    List<String> seen = new ArrayList<>();

    TableScanner.scan(
        memory,
        registers,
        /* root= */ 1,
        Merge.BY_RIGHTS,
        new TableScanner.Sink() {
          @Override
          public void run(long va, long bytes, int level, long first, long entry) {
            seen.add("run " + Long.toHexString(va) + " " + bytes);
          }

          @Override
          public void hole(long va, long bytes, int level, long fault) {
            seen.add("hole " + Long.toHexString(va) + " level " + level);
          }
        });

    assertThat(seen)
        .containsExactly(
            "hole ffff000000000000 level 2",
            "run ffff000000200000 8192",
            "hole ffff000000202000 level 1",
            "hole ffff000000400000 level 2",
            "hole ffff000040000000 level 3",
            "hole ffff008000000000 level 4");
  }

  @Test
  void restrict_ofATable_takesRightsFromEverythingBelow() {
    PteFormat format = PteFormat.named("x86_64-4level");
    TableBuilder builder = builder(format);
    int all = Rights.PERMISSIONS;
    builder.map(0x200000, 0, 0x2000, all, /* largestLevel= */ 1);
    builder.restrict(0x200000, /* level= */ 2, Rights.KERNEL_READ | Rights.USER_READ);

    assertThat(scan(load(builder, format), Merge.BY_ADDRESS))
        .containsExactly(new Run(0x200000, 0x2000, 1, 0, Rights.KERNEL_READ | Rights.USER_READ));
  }

  @Test
  void mapRun_ofEveryFormatWithRuns_isOneLargerPage() {
    for (PteFormat format : PteFormats.all()) {
      PteLevel bits = format.level(1);
      if (bits.runMark() != 0) {
        TableBuilder builder = builder(format);
        long bytes = 1L << bits.runShift();
        builder.mapRun(8 * bytes, 16 * bytes, /* level= */ 1, DATA | Rights.ACCESSED);
        PagingRegisters registers = load(builder, format);
        long translation = new Walker(memory, format).walk(registers, 9 * bytes - 1);

        assertThat(Translation.pageShift(translation)).isEqualTo(bits.runShift());
        assertThat(Translation.pa(translation, 9 * bytes - 1)).isEqualTo(17 * bytes - 1);
        assertThat(scan(registers, Merge.BY_ADDRESS))
            .containsExactly(new Run(8 * bytes, bytes, 1, 16 * bytes, DATA));
      }
    }
  }

  @Test
  void mistakes_ofCallers_areRefused() {
    TableBuilder builder = builder(PteFormat.named("x86_64-4level"));
    builder.map(0x200000, 0, 0x200000, DATA);

    assertThatThrownBy(() -> builder.map(0x201000, 0, 0x1000, DATA))
        .hasMessageContaining("a page of level 2 maps 0x201000 already");
    assertThatThrownBy(() -> builder.map(0x200000, 0, 0x200000, DATA))
        .hasMessageContaining("0x200000 is mapped already at level 2");
    assertThatThrownBy(() -> builder.map(0x100, 0, 0x1000, DATA))
        .hasMessageContaining("cannot map 4096 bytes at 0x100 in pages of x86_64-4level");
    FrameSource none = FrameSource.rising(0, 8192);
    none.allocate(4096);
    none.allocate(4096);
    assertThatThrownBy(() -> none.allocate(4096)).hasMessageContaining("no room for tables");
  }
}
