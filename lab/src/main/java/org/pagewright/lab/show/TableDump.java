package org.pagewright.lab.show;

import java.util.List;
import java.util.Locale;
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

  private static final String[] NAMES_5 = {"pte", "pmd", "pud", "p4d", "pgd"};
  private static final String[] NAMES_4 = {"pte", "pmd", "pud", "pgd"};
  private static final String[] NAMES_3 = {"pte", "pmd", "pgd"};

  private final PteFormat format;
  private final StringBuilder out = new StringBuilder();

  private TableDump(PteFormat format) {
    this.format = format;
  }

  /** Everything that the roots in {@code registers} map. */
  public static String of(PhysicalMemory memory, PagingRegisters registers) {
    TableDump dump = new TableDump(registers.format());
    dump.scan(memory, registers, /* root= */ 0, "User Space");
    if (registers.format().roots().hasSecond()) {
      dump.scan(memory, registers, /* root= */ 1, "Kernel Space");
    }
    return dump.out.toString();
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
      if (format.architecture() == Architecture.X86) {
        out.append(x86(entry, level)).append(name(level));
      } else {
        out.append(name(level).toUpperCase(Locale.ROOT));
        out.append(
            format.architecture() == Architecture.ARM64 ? arm64(entry) : other(entry, first));
      }
      int key = Translation.pkey(first);
      out.append(key == 0 ? "" : " # PK" + key).append('\n');
    }

    @Override
    public void hole(long va, long bytes, int level, long fault) {
      enter(va);
      range(va, bytes);
      boolean isX86 = format.architecture() == Architecture.X86;
      out.append(isX86 ? X86_NOTHING + name(level) : name(level).toUpperCase(Locale.ROOT));
      out.append('\n');
    }

    private void enter(long va) {
      if (va < 0 && !isInKernelHalf && format.has(PteFormat.Feature.SIGN_EXTENDED)) {
        isInKernelHalf = true;
        title("Kernel Space");
      }
    }
  }

  private void range(long va, long bytes) {
    out.append(String.format(Locale.ROOT, "0x%016x-0x%016x   ", va, va + bytes));
    boolean isX86 = format.architecture() == Architecture.X86;
    String units = isX86 ? "BKMGTPE" : "KMGTPE";
    long size = isX86 ? bytes : bytes >>> 10;
    int unit = 0;
    while ((size & 1023) == 0 && size != 0 && unit + 1 < units.length()) {
      size >>>= 10;
      unit++;
    }
    out.append(String.format(Locale.ROOT, "%9d%c ", size, units.charAt(unit)));
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

  private static String x86(long entry, int level) {
    StringBuilder marks = new StringBuilder();
    X86.forEach(mark -> marks.append(mark.of(entry)));
    boolean isLarge = level > 1;
    long pat = isLarge ? 1L << 12 : 1L << 7;
    marks.append(isLarge ? "PSE " : "    ");
    marks.append((entry & pat) != 0 ? "PAT " : "    ");
    marks.append(bit(8, "GLB ", "    ").of(entry));
    return marks.append(bit(63, "NX ", "x  ").of(entry)).toString();
  }

  private static String arm64(long entry) {
    StringBuilder marks = new StringBuilder("  ");
    ARM64.forEach(mark -> marks.append(mark.of(entry)));
    int type = (int) (entry >>> 2) & 7;
    String memory = type < ARM64_MEMORY.size() ? ARM64_MEMORY.get(type) : "";
    return (marks + " " + memory).stripTrailing();
  }

  private String other(long entry, long first) {
    if (format.architecture() == Architecture.RISCV) {
      StringBuilder marks = new StringBuilder();
      RISCV.forEach(mark -> marks.append(mark.of(entry)));
      return marks.toString();
    }
    int rights = Translation.rights(first);
    return " k="
        + letters(Rights.kernelLetters(rights))
        + " u="
        + letters(Rights.userLetters(rights));
  }

  private static String letters(String rights) {
    return rights.isEmpty() ? "-" : rights;
  }
}
