package org.pagewright.lab.show;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.PermissionBits;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.PteLevel;

/**
 * A page-table format drawn as a manual draws it: the virtual address, then each kind of entry.
 *
 * <p>Every box comes from the masks that the simulated MMU walks with; the manual's names are only
 * put on them.
 */
public final class FormatFigure {
  private static final int WIDTH = 100;
  private static final String IGNORED = "-";
  private static final String MUST_BE_ZERO = "0";
  private static final String MUST_BE_ONE = "1";

  private final PteFormat format;
  private final StringBuilder out = new StringBuilder();

  private FormatFigure(PteFormat format) {
    this.format = format;
  }

  /** The figure of a format. */
  public static String of(PteFormat format) {
    FormatFigure figure = new FormatFigure(format);
    figure.draw();
    return figure.out.toString();
  }

  /** A box of a figure: a run of bits with one name. */
  record Box(int high, int low, String name) {
    String bits() {
      return high == low ? String.valueOf(high) : high + ":" + low;
    }

    int width() {
      return Math.max(bits().length(), name.length());
    }
  }

  private void draw() {
    int levels = format.topLevel();
    line(
        "%s: %d-bit virtual addresses, %d-bit physical addresses, %d levels"
            .formatted(format.name(), format.vaBits(), format.physicalBits(), levels));
    line("source: " + FieldNames.source(format.architecture()));
    line("");
    line("virtual address" + (format.roots().hasSecond() ? " (of either root)" : ""));
    draw(addressBoxes());
    for (int level = levels; level >= 1; level--) {
      drawLevel(level);
    }
    line("");
    line("- ignored by hardware or left to software   0, 1 must have that value");
  }

  private List<Box> addressBoxes() {
    List<Box> boxes = new ArrayList<>();
    int top = format.vaBits() - 1;
    if (top < Long.SIZE - 1) {
      boolean isSigned = format.has(PteFormat.Feature.SIGN_EXTENDED);
      boxes.add(new Box(Long.SIZE - 1, top + 1, isSigned ? "sign of bit " + top : "root"));
    }
    for (int level = format.topLevel(); level >= 1; level--) {
      PteLevel bits = format.level(level);
      int high = Math.min(top, bits.shift() + bits.indexBits() - 1);
      boxes.add(new Box(high, bits.shift(), "level " + level));
    }
    boxes.add(new Box(format.pageShift() - 1, 0, "offset"));
    return boxes;
  }

  private void drawLevel(int level) {
    PteLevel bits = format.level(level);
    String table = "%d entries of 8 bytes".formatted(bits.entries());
    if (format.isLeafLevel(level)) {
      line("");
      line("level %d, %s: page of %s".formatted(level, table, ByteText.of(1L << bits.shift())));
      FieldNames.Kind kind = level == 1 ? FieldNames.Kind.PAGE : FieldNames.Kind.LARGE;
      draw(boxes(level, kind));
      if (bits.runMark() != 0) {
        line(
            "  bit %d: one of a run that maps %s as one"
                .formatted(
                    Long.numberOfTrailingZeros(bits.runMark()),
                    ByteText.of(1L << bits.runShift())));
      }
    }
    if (level > 1) {
      line("");
      line("level %d, %s: table".formatted(level, table));
      draw(boxes(level, FieldNames.Kind.TABLE));
    }
  }

  private List<Box> boxes(int level, FieldNames.Kind kind) {
    List<Box> boxes = new ArrayList<>();
    int high = Long.SIZE - 1;
    String name = name(level, kind, high);
    for (int bit = Long.SIZE - 2; bit >= -1; bit--) {
      String next = bit < 0 ? "" : name(level, kind, bit);
      if (!next.equals(name)) {
        boxes.add(new Box(high, bit + 1, name));
        high = bit;
        name = next;
      }
    }
    return boxes;
  }

  /** What one bit of an entry is, from the masks first and from the manual's names second. */
  private String name(int level, FieldNames.Kind kind, int bit) {
    PteLevel bits = format.level(level);
    boolean isTable = kind == FieldNames.Kind.TABLE;
    long mask = 1L << bit;
    long fixed = isTable ? bits.tableFixed() : bits.leafFixed();
    long fixedValue = isTable ? bits.tableFixedValue() : bits.leafFixedValue();
    long address = isTable ? bits.tableAddress() : bits.leafAddress();
    boolean isReserved = !isTable && (bits.misaligned() & mask) != 0;
    if ((fixed & mask) != 0) {
      return (fixedValue & mask) != 0 ? MUST_BE_ONE : MUST_BE_ZERO;
    }
    if ((bits.addressSize() & mask) != 0 || isReserved) {
      return MUST_BE_ZERO;
    }
    if ((address & mask) != 0) {
      return "address";
    }
    if (isTable && (bits.tableMask() & mask) != 0 && bits.tableValue() == 0) {
      return MUST_BE_ZERO;
    }
    boolean isUsed = isUsed(bits, isTable, mask);
    String named = FieldNames.name(format.architecture(), kind, bit);
    if (named != null) {
      return named;
    }
    return isUsed ? derived(bits, isTable ? bits.table() : bits.leaf(), mask) : IGNORED;
  }

  private static boolean isUsed(PteLevel bits, boolean isTable, long mask) {
    PermissionBits rights = isTable ? bits.table() : bits.leaf();
    long run = isTable ? 0 : bits.runMark();
    long used = bits.presentMask() | (bits.level() > 1 ? bits.tableMask() : 0) | run;
    return ((used | rights.inverted() | permissions(rights) | memoryType(bits, isTable)) & mask)
        != 0;
  }

  private static long memoryType(PteLevel bits, boolean isTable) {
    PteLevel.MemoryTypeBits type = bits.memoryType();
    return isTable
        ? 0
        : ((long) type.lowMask() << type.lowShift()) | ((long) type.highMask() << type.highShift());
  }

  private static long permissions(PermissionBits rights) {
    return rights.kernelRead()
        | rights.kernelWrite()
        | rights.kernelExecute()
        | rights.userRead()
        | rights.userWrite()
        | rights.userExecute()
        | rights.global()
        | rights.dirty()
        | rights.accessed()
        | rights.userPage();
  }

  /** A name from what the bit does, for architectures without a table of names. */
  private static String derived(PteLevel bits, PermissionBits rights, long mask) {
    @Nullable String right = right(rights, mask);
    if (right != null) {
      return (rights.inverted() & mask) != 0 ? "no" + right : right;
    }
    if ((bits.presentMask() & mask) != 0) {
      return "P";
    }
    if (bits.level() > 1 && (bits.tableMask() & mask) != 0) {
      return "T";
    }
    return (bits.runMark() & mask) != 0 ? "run" : "mt";
  }

  private static @Nullable String right(PermissionBits rights, long mask) {
    if ((rights.accessed() & mask) != 0) {
      return "A";
    }
    if ((rights.global() & mask) != 0) {
      return "G";
    }
    if ((rights.userPage() & mask) != 0) {
      return "U";
    }
    if ((rights.kernelExecute() & mask) != 0 || (rights.userExecute() & mask) != 0) {
      return "X";
    }
    if ((rights.kernelWrite() & mask) != 0 || (rights.userWrite() & mask) != 0) {
      return "W";
    }
    if ((rights.dirty() & mask) != 0) {
      return "D";
    }
    return (rights.kernelRead() & mask) != 0 || (rights.userRead() & mask) != 0 ? "R" : null;
  }

  /** Draws boxes side by side, in as many rows as the width needs. */
  private void draw(List<Box> boxes) {
    int from = 0;
    while (from < boxes.size()) {
      int to = from;
      int width = 3;
      while (to < boxes.size() && width + boxes.get(to).width() + 1 <= WIDTH) {
        width += boxes.get(to).width() + 1;
        to++;
      }
      drawRow(boxes.subList(from, to));
      from = to;
    }
  }

  private void drawRow(List<Box> boxes) {
    StringBuilder bits = new StringBuilder("   ");
    StringBuilder rule = new StringBuilder("  +");
    StringBuilder names = new StringBuilder("  |");
    for (Box box : boxes) {
      bits.append(centred(box.bits(), box.width())).append(' ');
      rule.append("-".repeat(box.width())).append('+');
      names.append(centred(box.name(), box.width())).append('|');
    }
    line(bits.toString().stripTrailing());
    line(rule.toString());
    line(names.toString());
    line(rule.toString());
  }

  private static String centred(String text, int width) {
    int left = (width - text.length()) / 2;
    return " ".repeat(left) + text + " ".repeat(width - text.length() - left);
  }

  private void line(String text) {
    out.append(text).append('\n');
  }
}
