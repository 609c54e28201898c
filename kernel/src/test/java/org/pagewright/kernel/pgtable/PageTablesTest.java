package org.pagewright.kernel.pgtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.KernelEvent;

final class PageTablesTest {
  private static final int RIGHTS =
      Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED | Rights.DIRTY;

  private Machine machine = new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")));
  private PageTables tables = new PageTables(machine);
  private Cpu cpu = machine.cpu(0);
  private final CountingTables source = new CountingTables();
  private long rootPa = tables.allocateTable(cpu, tables.format().topLevel(), source);

  /** Tables one after another from 16M on; it can be told when to stop. */
  private final class CountingTables implements TableSource {
    private long next = 16L << 20;
    private int left = Integer.MAX_VALUE;
    private int given;

    @Override
    public long allocate(Cpu asking, int level) {
      if (left == 0) {
        return NONE;
      }
      left--;
      given++;
      long bytes = Math.max(tables.format().tableBytes(level), tables.format().pageBytes());
      next = (next + bytes - 1) & -bytes;
      long pa = next;
      next += bytes;
      machine.memory().zero(pa, bytes);
      return pa;
    }

    @Override
    public void free(Cpu asking, long tablePa, int level) {
      given--;
    }
  }

  private void use(String format) {
    machine.close();
    machine = new Machine(MachineConfig.small(PteFormat.named(format)));
    tables = new PageTables(machine);
    cpu = machine.cpu(0);
    rootPa = tables.allocateTable(cpu, tables.format().topLevel(), source);
  }

  @AfterEach
  void close() {
    machine.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86_64-4level",
        "x86_64-5level",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k",
        "loongarch64"
      })
  void mapAndUnmap_leaveNothingBehind(String format) {
    use(format);
    long page = tables.format().pageBytes();
    long large = tables.format().levelBytes(2);
    long va = large - 3 * page;
    PageRange range = new PageRange(va, large - 3 * page, 5 * page + large);
    assertThat(tables.map(cpu, rootPa, range, RIGHTS, 2, source)).isEqualTo(range.bytes());
    for (long at = 0; at < range.bytes(); at += page) {
      long slot = tables.lookup(cpu, rootPa, va + at);
      int level = EntrySlot.level(slot);
      long leaf = tables.readEntry(cpu, EntrySlot.pa(slot));
      assertThat(tables.format().isLeaf(leaf, level)).as("leaf at %x", va + at).isTrue();
      long inside = va + at & tables.format().levelBytes(level) - 1;
      assertThat(tables.leafPa(leaf, level) + inside).isEqualTo(range.pa() + at);
    }
    assertThat(EntrySlot.level(tables.lookup(cpu, rootPa, large))).isEqualTo(2);
    assertThat(tables.unmap(cpu, rootPa, va, range.bytes())).isEqualTo(6);
    int top = tables.format().topLevel();
    long freed = tables.freeTables(cpu, rootPa, va, range.bytes(), top, source);
    assertThat(freed).isEqualTo(top);
    assertThat(tables.tables()).isEqualTo(1);
    assertThat(source.given).isEqualTo(2);
  }

  @Test
  void map_whenTablesRunOut_saysHowFarItGot() {
    source.left = 3;
    PageRange range = new PageRange(0x1f_f000, 0, 8192);
    assertThat(tables.map(cpu, rootPa, range, RIGHTS, 1, source)).isEqualTo(4096);
    assertThat(tables.tables(1)).isEqualTo(1);
  }

  @Test
  void unmap_ofAPartOfALargeLeaf_isACallersMistake() {
    PageRange range = new PageRange(2L << 20, 2L << 20, 2L << 20);
    assertThat(tables.map(cpu, rootPa, range, RIGHTS, 2, source)).isEqualTo(2L << 20);
    assertThatThrownBy(() -> tables.unmap(cpu, rootPa, 2L << 20, 4096))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0x200000");
  }

  @Test
  void makeEntry_whereALeafIsInTheWay_findsNone() {
    PageRange range = new PageRange(2L << 20, 2L << 20, 2L << 20);
    assertThat(tables.map(cpu, rootPa, range, RIGHTS, 2, source)).isEqualTo(2L << 20);
    assertThat(tables.makeEntry(cpu, rootPa, 2L << 20, 1, source)).isEqualTo(EntrySlot.NONE);
    assertThat(tables.entryAt(cpu, rootPa, 2L << 20, 1)).isEqualTo(EntrySlot.NONE);
  }

  @Test
  void writes_areRecordedWithOldAndNewValue() {
    List<String> seen = new ArrayList<>();
    machine
        .events()
        .attach(
            (kind, id, a, b, c) -> seen.add(KernelEvent.name(kind) + " " + a + " " + b + " " + c));
    tables.writeEntry(cpu, 4096, 7);
    assertThat(tables.compareAndSet(cpu, 4096, 6, 8)).isFalse();
    assertThat(tables.compareAndExchange(cpu, 4096, 7, 9)).isEqualTo(7);
    machine.events().drain();
    assertThat(seen).containsExactly("entry-write 4096 0 7", "entry-write 4096 7 9");
    assertThat(tables.peek(4096)).isEqualTo(9);
  }

  @Test
  void gate_thatSaysNo_keepsTheEntry() {
    tables.writeEntry(cpu, 4096, 7);
    tables.setGate((writer, entryPa) -> entryPa != 4096);
    tables.writeEntry(cpu, 4096, 8);
    tables.writeEntry(cpu, 4104, 8);
    assertThat(tables.readEntry(cpu, 4096)).isEqualTo(7);
    assertThat(tables.readEntry(cpu, 4104)).isEqualTo(8);
  }

  @Test
  void kernelTable_onX86_isWhatLinuxWrites() {
    assertThat(tables.kernelTable(0x1234000, 4)).isEqualTo(0x1234063L);
    assertThat(tables.tablePa(0x1234063L, 4)).isEqualTo(0x1234000L);
  }

  @Test
  void protect_changesLeavesAndCountsThem() {
    PageRange range = new PageRange(0x1000, 0x1000, 0x3000);
    assertThat(tables.map(cpu, rootPa, range, RIGHTS, 1, source)).isEqualTo(0x3000);
    assertThat(tables.protect(cpu, rootPa, 0x1000, 0x2000, 0, 2)).isEqualTo(2);
    assertThat(tables.protect(cpu, rootPa, 0x1000, 0x3000, 0, 2)).isEqualTo(1);
  }
}
