package org.pagewright.lab.show;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.TableScanner;
import org.pagewright.hardware.paging.Translation;

/**
 * Page tables in the notation of the kernel's own dumps.
 *
 * <p>Models {@code ptdump_walk_pgd_level()} (arch/x86/mm/dump_pagetables.c) and {@code
 * ptdump_walk()} (arch/arm64/mm/ptdump.c); RISC-V and others are written as arm64's are. Protection
 * keys, which neither kernel prints, follow behind a {@code #}.
 */
public final class TableDump {
  private static final String X86_NOTHING = " ".repeat(30);

  /** What a bit pattern of an entry prints. */
  private record Mark(long mask, long value, String set, String clear) {
    String of(long entry) {
      return (entry & mask) == value ? set : clear;
    }
  }

  private static Mark bit(int bit, String set, String clear) {
    return new Mark(1L << bit, 1L << bit, set, clear);
  }

  private static final List<Mark> X86 =
      List.of(
          bit(2, "USR ", "    "),
          bit(1, "RW ", "ro "),
          bit(3, "PWT ", "    "),
          bit(4, "PCD ", "    "));

  private static final List<Mark> X86_LAST = List.of(bit(8, "GLB ", "    "), bit(63, "NX ", "x  "));

  private static final List<Mark> ARM64 =
      List.of(
          bit(6, " USR", "    "),
          bit(7, " ro", " RW"),
          bit(53, " NX", " x "),
          new Mark(3L << 8, 3L << 8, " SHD", "    "),
          bit(10, " AF", "   "),
          bit(11, " NG", "   "),
          bit(52, " CON", "    "),
          bit(1, "    ", " BLK"),
          bit(54, " UXN", "    "),
          bit(50, " GP", "   "));

  private static final List<String> ARM64_MEMORY =
      List.of("MEM/NORMAL", "MEM/NORMAL-TAGGED", "MEM/NORMAL-NC", "DEVICE/nGnRnE", "DEVICE/nGnRE");

  private static final List<Mark> RISCV =
      List.of(
          bit(7, " D", " ."),
          bit(6, " A", " ."),
          bit(5, " G", " ."),
          bit(4, " U", " ."),
          bit(3, " X", " ."),
          bit(2, " W", " ."),
          bit(1, " R", " ."),
          bit(0, " V", " ."));

  private static final int CHUNK_CHARS = 1 << 15;
  private static final int SLOT_BITS = 6;

  /** Spreads few bits over the upper ones: 2^64 divided by the golden ratio. */
  private static final long SPREAD = 0x9e3779b97f4a7c15L;

  private static final String DIGITS = "0123456789abcdef";

  private static final String[] NAMES_5 = {"pte", "pmd", "pud", "p4d", "pgd"};
  private static final String[] NAMES_4 = {"pte", "pmd", "pud", "pgd"};
  private static final String[] NAMES_3 = {"pte", "pmd", "pgd"};

  private final PteFormat format;

  /** What is not yet handed on: a large machine's dump does not fit into memory. */
  private final StringBuilder out = new StringBuilder(2 * CHUNK_CHARS);

  private final Writer to;
  private final char[] digits = new char[Long.BYTES * 2];
  private final long[] keys = new long[1 << SLOT_BITS];
  private final int[] levels = new int[1 << SLOT_BITS];
  private final @Nullable String[] texts = new String[1 << SLOT_BITS];

  private TableDump(PteFormat format, Writer to) {
    this.format = format;
    this.to = to;
  }

  /** Everything that the roots in {@code registers} map, as one text. */
  public static String of(PhysicalMemory memory, PagingRegisters registers) {
    StringWriter text = new StringWriter();
    write(memory, registers, text);
    return text.toString();
  }

  /**
   * Writes everything that the roots in {@code registers} map.
   *
   * @throws UncheckedIOException if {@code to} cannot be written
   */
  public static void write(PhysicalMemory memory, PagingRegisters registers, Writer to) {
    TableDump dump = new TableDump(registers.format(), to);
    dump.scan(memory, registers, /* root= */ 0, "User Space");
    if (registers.format().roots().hasSecond()) {
      dump.scan(memory, registers, /* root= */ 1, "Kernel Space");
    }
    dump.handOn();
  }

  private void handOn() {
    try {
      to.append(out);
      out.setLength(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void endLine() {
    out.append('\n');
    if (out.length() >= CHUNK_CHARS) {
      handOn();
    }
  }

  private void scan(PhysicalMemory memory, PagingRegisters registers, int root, String title) {
    title(title);
    TableScanner.scan(memory, registers, root, TableScanner.Merge.BY_RIGHTS, new Lines());
  }

  private void title(String title) {
    out.append("---[ ").append(title).append(" ]---\n");
  }

  /** Writes a line for every run and every hole. */
  private final class Lines implements TableScanner.Sink {
    private boolean isInKernelHalf;

    @Override
    public void run(long va, long bytes, int level, long first, long entry) {
      enter(va);
      range(va, bytes);
      describe(entry, level, first);
      endLine();
    }

    @Override
    public void hole(long va, long bytes, int level, long fault) {
      enter(va);
      range(va, bytes);
      boolean isX86 = format.architecture() == Architecture.X86;
      out.append(isX86 ? X86_NOTHING + name(level) : name(level).toUpperCase(Locale.ROOT));
      endLine();
    }

    private void enter(long va) {
      if (va < 0 && !isInKernelHalf && format.has(PteFormat.Feature.SIGN_EXTENDED)) {
        isInKernelHalf = true;
        title("Kernel Space");
      }
    }
  }

  /** Writes level, marks and key of a leaf; few different ones make up most tables. */
  private void describe(long entry, int level, long first) {
    long attributes = entry & ~format.level(level).leafAddress();
    int slot = (int) ((attributes * SPREAD + level) >>> (Long.SIZE - SLOT_BITS));
    String known = texts[slot];
    if (known != null && keys[slot] == attributes && levels[slot] == level) {
      out.append(known);
      return;
    }
    int start = out.length();
    describeAnew(entry, level, first);
    boolean isByEntryAlone = hasMarks();
    texts[slot] = isByEntryAlone ? out.substring(start) : null;
    keys[slot] = attributes;
    levels[slot] = level;
  }

  /** Whether what is printed of a leaf stands in the leaf alone. */
  private boolean hasMarks() {
    return switch (format.architecture()) {
      case X86, ARM64, RISCV -> true;
      default -> false;
    };
  }

  private void describeAnew(long entry, int level, long first) {
    if (format.architecture() == Architecture.X86) {
      x86(entry, level);
      out.append(name(level));
    } else {
      out.append(name(level).toUpperCase(Locale.ROOT));
    }
    switch (format.architecture()) {
      case X86 -> {}
      case ARM64 -> arm64(entry);
      case RISCV -> marks(RISCV, entry);
      default -> rights(Translation.rights(first));
    }
    int key = Translation.pkey(first);
    out.append(key == 0 ? "" : " # PK" + key);
  }

  /*
   * A large machine has a million lines: the numbers are written digit by digit, which costs a
   * tenth of String.format().
   */

  private void range(long va, long bytes) {
    hex(va);
    out.append('-');
    hex(va + bytes);
    out.append("   ");
    boolean isX86 = format.architecture() == Architecture.X86;
    String units = isX86 ? "BKMGTPE" : "KMGTPE";
    long size = isX86 ? bytes : bytes >>> 10;
    int unit = 0;
    while ((size & 1023) == 0 && size != 0 && unit + 1 < units.length()) {
      size >>>= 10;
      unit++;
    }
    for (long most = 100_000_000; most > size && most > 1; most /= 10) {
      out.append(' ');
    }
    out.append(size).append(units.charAt(unit)).append(' ');
  }

  private void hex(long value) {
    for (int i = 0; i < digits.length; i++) {
      digits[i] = DIGITS.charAt((int) (value >>> (Long.SIZE - 4 - 4 * i)) & 15);
    }
    out.append("0x").append(digits);
  }

  private String name(int level) {
    String[] names =
        switch (format.topLevel()) {
          case 5 -> NAMES_5;
          case 4 -> NAMES_4;
          default -> NAMES_3;
        };
    return names[Math.min(level, names.length) - 1];
  }

  private void x86(long entry, int level) {
    marks(X86, entry);
    boolean isLarge = level > 1;
    long pat = isLarge ? 1L << 12 : 1L << 7;
    out.append(isLarge ? "PSE " : "    ");
    out.append((entry & pat) != 0 ? "PAT " : "    ");
    marks(X86_LAST, entry);
  }

  private void arm64(long entry) {
    out.append("  ");
    marks(ARM64, entry);
    int type = (int) (entry >>> 2) & 7;
    out.append(type < ARM64_MEMORY.size() ? " " + ARM64_MEMORY.get(type) : "");
  }

  private void rights(int rights) {
    out.append(" k=").append(letters(Rights.kernelLetters(rights)));
    out.append(" u=").append(letters(Rights.userLetters(rights)));
  }

  private void marks(List<Mark> marks, long entry) {
    for (int i = 0; i < marks.size(); i++) {
      out.append(marks.get(i).of(entry));
    }
  }

  private static String letters(String rights) {
    return rights.isEmpty() ? "-" : rights;
  }
}
