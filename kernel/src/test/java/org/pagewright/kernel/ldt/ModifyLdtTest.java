package org.pagewright.kernel.ldt;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mm.IsolationWorld;
import org.pagewright.kernel.mm.Mm;

/** The system call by its cases, and what becomes of tables in the life of a process. */
class ModifyLdtTest {
  /** A caller's memory of 64 KiB, which may be missing. */
  private static final class Buffer implements UserBuffer {
    private final byte[] bytes = new byte[LdtTable.MAX_BYTES];
    private boolean isMissing;

    Buffer() {
      Arrays.fill(bytes, (byte) 0x5a);
    }

    @Override
    public boolean copyIn(byte[] to) {
      System.arraycopy(bytes, 0, to, 0, to.length);
      return !isMissing;
    }

    @Override
    public boolean copyOut(byte[] from) {
      System.arraycopy(from, 0, bytes, 0, from.length);
      return !isMissing;
    }

    @Override
    public boolean clear(int offset, int count) {
      Arrays.fill(bytes, offset, offset + count, (byte) 0);
      return !isMissing;
    }
  }

  private static ModifyLdt ldt(IsolationWorld world) {
    return added(
        world,
        new ModifyLdt(
            world.machine(),
            world.region(),
            world.tables(),
            world.allocator(),
            world.shootdown(),
            /* allows16Bit= */ true));
  }

  private static ModifyLdt added(IsolationWorld world, ModifyLdt ldt) {
    world.processes().add(ldt);
    return ldt;
  }

  private static int write(IsolationWorld world, ModifyLdt ldt, UserDescriptor wanted) {
    return write(world, ldt, wanted, ModifyLdt.WRITE);
  }

  private static int write(
      IsolationWorld world, ModifyLdt ldt, UserDescriptor wanted, int function) {
    Buffer buffer = new Buffer();
    System.arraycopy(wanted.bytes(), 0, buffer.bytes, 0, UserDescriptor.BYTES);
    return ldt.call(world.cpu(0), function, buffer, UserDescriptor.BYTES);
  }

  private static UserDescriptor data(int index) {
    return new UserDescriptor(index, 0x1234_5678, 10, UserDescriptor.SEG_32BIT);
  }

  /** Descriptors as the kernel's selftest sees them by LAR and LSL. */
  @ParameterizedTest
  @CsvSource({
    // Columns: function, index, base, limit, flags, result, entry.
    "0x11, 0, 0, 10, 0x05, 0, 0040fb000000000a", // 32-bit code
    "0x11, 0, 0, 10, 0x15, 0, 00c0fb000000000a", // limit in pages
    "0x11, 0, 0, 10, 0x01, 0, 0040f3000000000a", // data
    "0x11, 0, 0, 10, 0x09, 0, 0040f1000000000a", // read only
    "0x11, 0, 0, 10, 0x03, 0, 0040f7000000000a", // grows down
    "0x11, 0, 0, 10, 0x41, 0, 0050f3000000000a", // useable
    "0x01, 0, 0, 10, 0x41, 0, 0040f3000000000a", // the old mode has no AVL
    "0x11, 0, 0, 10, 0x21, 0, 004073000000000a", // not present
    "0x11, 0, 0, 10, 0x81, 0, 0040f3000000000a", // lm is ignored
    "0x11, 0, 0x12345678, 0xabcde, 0x01, 0, 124af3345678bcde",
    "0x11, 0, 0, 10, 0x00, 0, 0000f3000000000a", // 16 bits
    "0x11, 0, 0, 0, 0x28, 0, 0", // empty
    "0x11, 0, 0, 0, 0xa8, 0, 0000710000000000", // empty but for lm
    "0x11, 0, 0, 0, 0x00, 0, 0000f30000000000", // zeros are a segment in the new mode
    "0x01, 0, 0, 0, 0x01, 0, 0", // and clear in the old one
    "0x11, 0, 0, 10, 0x27, 0, 00407f000000000a", // conforming, not present
    "0x11, 0, 0, 10, 0x07, -22, none", // conforming
    "0x01, 0, 0, 10, 0x27, -22, none", // conforming, old mode
    "0x11, 8191, 0, 10, 0x01, 0, 0040f3000000000a",
    "0x11, 8192, 0, 10, 0x01, -22, none",
    "0x11, -1, 0, 10, 0x01, -22, none",
    "0x03, 0, 0, 10, 0x01, -38, none",
  })
  void write_ofEachKind_givesEntryOrError(
      String function,
      int index,
      String base,
      String limit,
      String flags,
      int result,
      String entry) {
    for (boolean isolates : new boolean[] {false, true}) {
      try (IsolationWorld world = IsolationWorld.of(MermapConfig.V2, "x86_64-4level", isolates)) {
        ModifyLdt ldt = ldt(world);
        Mm mm = world.runNewProcess(0);
        UserDescriptor wanted =
            new UserDescriptor(
                index, Integer.decode(base), Integer.decode(limit), Integer.decode(flags));
        assertThat(write(world, ldt, wanted, Integer.decode(function))).isEqualTo(result);
        LdtTable table = ModifyLdt.table(mm);
        if (result != 0) {
          assertThat(table).isNull();
        } else {
          assertThat(requireNonNull(table).entries()).isEqualTo(index + 1);
          assertThat(table.entry(index)).isEqualTo(Long.parseUnsignedLong(entry, 16));
        }
      }
    }
  }

  @Test
  void write_withWrongSizeOrBadMemoryOr16Bits_isRefused() {
    try (IsolationWorld world = IsolationWorld.isolated(MermapConfig.V2)) {
      ModifyLdt strict =
          new ModifyLdt(
              world.machine(),
              world.region(),
              world.tables(),
              world.allocator(),
              world.shootdown(),
              /* allows16Bit= */ false);
      world.runNewProcess(0);
      Buffer missing = new Buffer();
      missing.isMissing = true;
      assertThat(strict.call(world.cpu(0), ModifyLdt.WRITE, missing, 15)).isEqualTo(-Errno.EINVAL);
      int error = strict.call(world.cpu(0), ModifyLdt.WRITE, missing, 16);
      assertThat(error).isEqualTo(-Errno.EFAULT);
      assertThat(ModifyLdt.register(error)).isEqualTo(0xffff_fff2L);
      assertThat(strict.call(world.cpu(0), ModifyLdt.READ_DEFAULT, missing, 16))
          .isEqualTo(-Errno.EFAULT);
      assertThat(write(world, strict, new UserDescriptor(0, 0, 10, 0))).isEqualTo(-Errno.EINVAL);
    }
  }

  @Test
  void read_ofEachLength_copiesEntriesAndZeroesTheRest() {
    try (IsolationWorld world = IsolationWorld.isolated(MermapConfig.V2)) {
      ModifyLdt ldt = ldt(world);
      world.runNewProcess(0);
      Buffer buffer = new Buffer();
      assertThat(ldt.call(world.cpu(0), ModifyLdt.READ, buffer, 100)).isZero();
      assertThat(write(world, ldt, data(1))).isZero();
      assertThat(ldt.call(world.cpu(0), ModifyLdt.READ, buffer, 20)).isEqualTo(20);
      assertThat(buffer.bytes[8]).isEqualTo((byte) 10);
      assertThat(buffer.bytes[19]).isZero();
      assertThat(buffer.bytes[20]).isEqualTo((byte) 0x5a);
      assertThat(ldt.call(world.cpu(0), ModifyLdt.READ, buffer, -1L)).isEqualTo(65536);
      assertThat(ldt.call(world.cpu(0), ModifyLdt.READ_DEFAULT, buffer, 500)).isEqualTo(128);
      buffer.isMissing = true;
      assertThat(ldt.call(world.cpu(0), ModifyLdt.READ, buffer, 20)).isEqualTo(-Errno.EFAULT);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level"})
  void writes_underIsolation_alternateSlotsThatBothRootsMap(String format) {
    try (IsolationWorld world = IsolationWorld.of(MermapConfig.V2, format, true)) {
      ModifyLdt ldt = ldt(world);
      Mm mm = world.runNewProcess(0);
      for (int i = 0; i < 4; i++) {
        assertThat(write(world, ldt, data(600 * i))).isZero();
        LdtTable table = requireNonNull(ModifyLdt.table(mm));
        assertThat(table.slot()).isEqualTo(i % 2);
        for (long rootPa : new long[] {mm.kernelPgdPa(), mm.userPgdPa()}) {
          long va = ldt.slotVa(i % 2);
          long translation = world.walk(rootPa, va);
          assertThat(Translation.pa(translation, va)).isEqualTo(table.pfn(0) << 12);
          assertThat(Translation.rights(translation) & (Rights.USER | Rights.KERNEL_WRITE))
              .isZero();
          assertThat(Translation.isFault(world.walk(rootPa, ldt.slotVa(1 - i % 2)))).isTrue();
        }
      }
      for (LdtWarning warning : LdtWarning.values()) {
        assertThat(ldt.warnings(warning)).isZero();
      }
    }
  }

  @Test
  void write_withThreadOnAnotherCpu_loadsItThere() {
    try (IsolationWorld world = IsolationWorld.isolated(MermapConfig.V2)) {
      ModifyLdt ldt = ldt(world);
      Mm mm = world.runNewProcess(0);
      world.runThread(1, mm);
      assertThat(write(world, ldt, data(0))).isZero();
      assertThat(ldt.loaded(0)).isSameAs(ModifyLdt.table(mm)).isNotNull();
      assertThat(ldt.loaded(1)).isSameAs(ModifyLdt.table(mm));
      world.runNewProcess(1);
      assertThat(ldt.loaded(1)).isNull();
      assertThat(write(world, ldt, data(1))).isZero();
      assertThat(ldt.loaded(1)).isNull();
      world.runThread(1, mm);
      assertThat(ldt.loaded(1)).isSameAs(ModifyLdt.table(mm));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void life_withForkAndExit_givesEveryPageBack(boolean isolates) {
    try (IsolationWorld world = IsolationWorld.of(MermapConfig.V2, "x86_64-4level", isolates)) {
      ModifyLdt ldt = ldt(world);
      long before = world.usedPages();
      Mm parent = world.runNewProcess(0);
      assertThat(write(world, ldt, data(8191))).isZero();
      Mm child = world.createMm();
      assertThat(ldt.duplicate(world.cpu(0), parent, child)).isZero();
      assertThat(write(world, ldt, data(0))).isZero();
      LdtTable copy = requireNonNull(ModifyLdt.table(child));
      assertThat(copy.entry(8191)).isNotZero();
      assertThat(copy.entry(0)).isZero();
      world.processes().exit(world.cpu(0), child);
      world.processes().exit(world.cpu(0), parent);
      assertThat(ldt.loaded(0)).isNull();
      assertThat(world.usedPages()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void write_withEachAllocationFailing_changesNothingAndCanBeRepeated(boolean isolates) {
    for (int allowed = 0; allowed < 6; allowed++) {
      try (IsolationWorld world = IsolationWorld.of(MermapConfig.V2, "x86_64-4level", isolates)) {
        ModifyLdt ldt = ldt(world);
        long before = world.usedPages();
        Mm mm = world.runNewProcess(0);
        world.failAllocationsAfter(allowed);
        int result = write(world, ldt, data(600));
        world.allowAllocations();
        // Two pages of table, and with isolation three levels of page tables.
        assertThat(result).isEqualTo(allowed < (isolates ? 5 : 2) ? -Errno.ENOMEM : 0);
        assertThat(ModifyLdt.table(mm) == null).isEqualTo(result != 0);
        assertThat(write(world, ldt, data(600))).isZero();
        assertThat(ldt.warnings(LdtWarning.ALREADY_MAPPED)).isZero();
        assertThat(ldt.warnings(LdtWarning.FAILED_WITH_TABLE_INSTALLED)).isZero();
        world.processes().exit(world.cpu(0), mm);
        assertThat(world.usedPages()).isEqualTo(before);
      }
    }
  }
}
