package org.pagewright.hardware.paging;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.memory.PhysicalMemory;

/**
 * What hardware answers, written once more from the manuals, one architecture after the other, with
 * numbers instead of the tables of the model.
 *
 * <p>It shares no code with the walker: only the names of the answers.
 */
final class ReferenceWalker {
  /** An answer: a fault, or a page and what it grants. */
  static final class Answer {
    @Nullable FaultKind kind;
    int level;
    int code;
    long pa;
    int shift;
    boolean kernelRead;
    boolean kernelWrite;
    boolean kernelExecute;
    boolean userRead;
    boolean userWrite;
    boolean userExecute;
    boolean global;
    boolean dirty;
    boolean accessed;
    boolean userPage;
    boolean kernelOverlay;
    boolean userOverlay;
    int pkey;
    int memoryType;

    /** Entries that the access changes, by address, as 8 bytes in memory. */
    final Map<Long, Long> updates = new LinkedHashMap<>();

    static Answer fault(FaultKind kind, int level) {
      Answer answer = new Answer();
      answer.kind = kind;
      answer.level = level;
      return answer;
    }

    int rights() {
      return (kernelRead ? 1 : 0)
          | (kernelWrite ? 2 : 0)
          | (kernelExecute ? 4 : 0)
          | (userRead ? 8 : 0)
          | (userWrite ? 16 : 0)
          | (userExecute ? 32 : 0)
          | (global ? 64 : 0)
          | (dirty ? 128 : 0)
          | (accessed ? 256 : 0)
          | (userPage ? 512 : 0)
          | (kernelOverlay ? 1024 : 0)
          | (userOverlay ? 2048 : 0);
    }
  }

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final int maxPa;
  private final long[] pdptes = new long[4];

  ReferenceWalker(PhysicalMemory memory, PteFormat format) {
    this.memory = memory;
    this.format = format;
    this.maxPa = format.physicalBits();
  }

  /** MOV CR3 with PAE paging; false is a general-protection fault. */
  boolean loadPdptes(long cr3) {
    long[] loaded = new long[4];
    for (int i = 0; i < 4; i++) {
      loaded[i] = memory.read((cr3 & 0xffffffe0L) + 8L * i);
      if ((loaded[i] & 1) != 0 && ((loaded[i] & 0x1e6) != 0 || loaded[i] >>> maxPa != 0)) {
        return false;
      }
    }
    System.arraycopy(loaded, 0, pdptes, 0, 4);
    return true;
  }

  Answer walk(PagingRegisters r, long va) {
    return switch (format.architecture()) {
      case X86 -> x86(r, va);
      case RISCV -> riscv(r, va);
      case ARM64 -> arm64(r, va);
      case S390 -> s390(r, va);
      case POWER -> power(r, va);
      case LOONGARCH -> loongarch(r, va);
      case SPARC -> sparc(r, va);
    };
  }

  private boolean isMissing(long pa) {
    return !memory.isRam(pa) || !memory.isRam(pa + 7);
  }

  private static boolean bit(long value, int position) {
    return (value >>> position & 1) != 0;
  }

  /** The bits from high to low, both included, moved down to 0. */
  private static long field(long value, int high, int low) {
    return high < low ? 0 : value << (63 - high) >>> (63 - high + low);
  }

  // ---- x86 ----

  private Answer x86(PagingRegisters r, long va) {
    boolean pae = format.name().equals("x86_64-pae");
    boolean nxe = r.has(Control.NXE);
    int levels = format.name().contains("5level") ? 5 : 4;
    long table = r.root() & 0x000ffffffffff000L;
    if (pae) {
      if (va >>> 32 != 0) {
        return Answer.fault(FaultKind.NOT_CANONICAL, 0);
      }
      long pdpte = pdptes[(int) (va >>> 30)];
      if (!bit(pdpte, 0)) {
        return Answer.fault(FaultKind.NOT_PRESENT, 3);
      }
      table = pdpte & 0x000ffffffffff000L;
      levels = 2;
    } else {
      int unused = levels == 5 ? 7 : 16;
      if (va << unused >> unused != va) {
        return Answer.fault(FaultKind.NOT_CANONICAL, 0);
      }
    }
    Answer answer = new Answer();
    boolean write = true;
    boolean user = true;
    boolean execute = true;
    answer.accessed = true;
    for (int level = levels; ; level--) {
      int shift = 12 + 9 * (level - 1);
      long at = table + (va >>> shift & 511) * 8;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, level);
      }
      long e = memory.read(at);
      if (!bit(e, 0)) {
        return Answer.fault(FaultKind.NOT_PRESENT, level);
      }
      boolean leaf = level == 1 || bit(e, 7);
      boolean reserved =
          (bit(e, 63) && !nxe)
              || field(e, pae ? 62 : 51, maxPa) != 0
              || (leaf && level == 2 && field(e, 20, 13) != 0)
              || (leaf && level == 3 && field(e, 29, 13) != 0)
              || (leaf && level > 3);
      if (reserved) {
        return Answer.fault(FaultKind.RESERVED, level);
      }
      write &= bit(e, 1);
      user &= bit(e, 2);
      execute &= !bit(e, 63);
      answer.accessed &= bit(e, 5);
      answer.updates.put(at, e | 1L << 5);
      if (!leaf) {
        table = e & 0x000ffffffffff000L;
        continue;
      }
      answer.shift = shift;
      answer.pa = field(e, 51, shift) << shift | field(va, shift - 1, 0);
      answer.pkey = pae ? 0 : (int) field(e, 62, 59);
      x86Rights(answer, e, write, user, execute);
      int pat = bit(e, level == 1 ? 7 : 12) ? 4 : 0;
      answer.memoryType = pat | (bit(e, 4) ? 2 : 0) | (bit(e, 3) ? 1 : 0);
      return answer;
    }
  }

  private static void x86Rights(
      Answer answer, long e, boolean write, boolean user, boolean execute) {
    answer.global = bit(e, 8);
    answer.dirty = bit(e, 6);
    answer.kernelRead = true;
    answer.kernelWrite = write;
    answer.kernelExecute = execute;
    answer.userRead = user;
    answer.userWrite = user && write;
    answer.userExecute = user && execute;
    answer.userPage = user;
  }

  // ---- RISC-V ----

  private Answer riscv(PagingRegisters r, long va) {
    int bits = Integer.parseInt(format.name().substring("riscv64-sv".length()));
    if (va << (64 - bits) >> (64 - bits) != va) {
      return Answer.fault(FaultKind.NOT_CANONICAL, 0);
    }
    long table = r.root() & 0x00fffffffffff000L;
    boolean global = false;
    for (int i = (bits - 12) / 9 - 1; ; i--) {
      int shift = 12 + 9 * i;
      long at = table + (va >>> shift & 511) * 8;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, i + 1);
      }
      long e = memory.read(at);
      boolean read = bit(e, 1);
      boolean write = bit(e, 2);
      boolean execute = bit(e, 3);
      if (!bit(e, 0)) {
        return Answer.fault(FaultKind.NOT_PRESENT, i + 1);
      }
      if ((!read && write) || field(e, 60, 54) != 0) {
        return Answer.fault(FaultKind.RESERVED, i + 1);
      }
      long ppn = field(e, 53, 10);
      boolean beyond = ppn >>> (maxPa - 12) != 0;
      if (!read && !execute) {
        if (i == 0 || bit(e, 4) || bit(e, 6) || bit(e, 7) || field(e, 63, 61) != 0) {
          return Answer.fault(FaultKind.RESERVED, i + 1);
        }
        if (beyond) {
          return Answer.fault(FaultKind.ADDRESS_SIZE, i + 1);
        }
        global |= bit(e, 5);
        table = ppn << 12;
        continue;
      }
      boolean napot = bit(e, 63);
      if (field(e, 62, 61) == 3 || (napot && (i > 0 || (ppn & 15) != 8))) {
        return Answer.fault(FaultKind.RESERVED, i + 1);
      }
      if ((ppn & (1L << (9 * i)) - 1) != 0) {
        return Answer.fault(FaultKind.MISALIGNED, i + 1);
      }
      if (beyond) {
        return Answer.fault(FaultKind.ADDRESS_SIZE, i + 1);
      }
      Answer answer = new Answer();
      answer.shift = napot ? 16 : shift;
      answer.pa = (napot ? ppn & ~15L : ppn) << 12 | field(va, answer.shift - 1, 0);
      boolean user = bit(e, 4);
      answer.kernelRead = read;
      answer.kernelWrite = write;
      answer.kernelExecute = execute;
      answer.userRead = read && user;
      answer.userWrite = write && user;
      answer.userExecute = execute && user;
      answer.userPage = user;
      answer.global = global || bit(e, 5);
      answer.accessed = bit(e, 6);
      answer.dirty = bit(e, 7);
      answer.memoryType = (int) field(e, 62, 61);
      answer.updates.put(at, e | 1L << 6);
      return answer;
    }
  }

  // ---- arm64 ----

  private Answer arm64(PagingRegisters r, long va) {
    int granule =
        switch (format.name()) {
          case "aarch64-4k" -> 12;
          case "aarch64-16k" -> 14;
          default -> 16;
        };
    boolean high = bit(va, 55);
    int size = high ? r.inputBits1() : r.inputBits();
    long checked = r.has(high ? Control.TBI1 : Control.TBI0) ? va << 8 >> 8 : va;
    if (high ? checked >> size != -1 : checked >>> size != 0) {
      return Answer.fault(FaultKind.NOT_CANONICAL, 0);
    }
    int levels = (48 - granule + granule - 4) / (granule - 3);
    if (r.has(high ? Control.EPD1 : Control.EPD0)) {
      return Answer.fault(FaultKind.NOT_PRESENT, levels);
    }
    long table = (high ? r.root1() : r.root()) & 0x0000ffffffffffc0L;
    boolean readOnly = false;
    boolean noUser = false;
    boolean noKernelExecute = false;
    boolean noUserExecute = false;
    int width = granule - 3;
    int steps = (size - granule + width - 1) / width;
    for (int armLevel = 4 - steps; ; armLevel++) {
      int shift = granule + width * (3 - armLevel);
      long at = table + field(va, Math.min(size, shift + width) - 1, shift) * 8;
      int level = 4 - armLevel;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, level);
      }
      long e = memory.read(at);
      boolean isTable = armLevel < 3 && bit(e, 1);
      boolean blockAllowed = armLevel == 2 || (armLevel == 1 && granule == 12);
      if (!bit(e, 0)
          || (armLevel == 3 && !bit(e, 1))
          || (armLevel < 3 && !isTable && !blockAllowed)) {
        return Answer.fault(FaultKind.NOT_PRESENT, level);
      }
      if (field(e, 47, maxPa) != 0) {
        return Answer.fault(FaultKind.ADDRESS_SIZE, level);
      }
      if (isTable) {
        noKernelExecute |= bit(e, 59);
        noUserExecute |= bit(e, 60);
        noUser |= bit(e, 61);
        readOnly |= bit(e, 62);
        table = field(e, 47, granule) << granule;
        continue;
      }
      Answer answer = arm64Leaf(e, va, shift, granule, armLevel);
      boolean flat = r.has(Control.PIE) || r.has(high ? Control.HPD1 : Control.HPD0);
      if (r.has(Control.PIE)) {
        indirect(r, e, answer);
      } else {
        direct(r, e, answer, !flat && readOnly, !flat && noUser);
        answer.kernelExecute &= flat || !noKernelExecute;
        answer.userExecute &= flat || !noUserExecute;
        answer.userPage |= r.has(Control.EPAN) && answer.userExecute;
      }
      answer.updates.put(at, r.has(Control.HA) ? e | 1L << 10 : e);
      return answer;
    }
  }

  private static Answer arm64Leaf(long e, long va, int shift, int granule, int armLevel) {
    Answer answer = new Answer();
    answer.shift = shift;
    if (bit(e, 52)) {
      answer.shift += granule == 12 ? 4 : granule == 14 ? (armLevel == 3 ? 7 : 5) : 5;
    }
    answer.pa = field(e, 47, answer.shift) << answer.shift | field(va, answer.shift - 1, 0);
    answer.accessed = bit(e, 10);
    answer.global = !bit(e, 11);
    answer.dirty = !bit(e, 7);
    answer.pkey = (int) field(e, 62, 60);
    answer.memoryType = (int) field(e, 4, 2);
    return answer;
  }

  private static void direct(
      PagingRegisters r, long e, Answer answer, boolean readOnly, boolean noUser) {
    boolean writable = !bit(e, 7) || (r.has(Control.HD) && bit(e, 51));
    boolean user = bit(e, 6) && !noUser;
    answer.kernelRead = true;
    answer.kernelWrite = writable && !readOnly;
    answer.userRead = user;
    answer.userWrite = user && answer.kernelWrite;
    answer.kernelExecute = !bit(e, 53) && !answer.userWrite;
    answer.userExecute = !bit(e, 54);
    answer.userPage = user;
    answer.kernelOverlay = r.has(Control.POE);
    answer.userOverlay = r.has(Control.E0POE);
  }

  /** PIR types: rights as letters, a star where overlays apply. */
  private static final String[] TYPES = {
    "*", "r*", "x*", "rx*", "*", "rw*", "rw*", "rwx*", "r", "r", "rx", "", "rw", "", "rwx", ""
  };

  private static void indirect(PagingRegisters r, long e, Answer answer) {
    int index =
        (bit(e, 54) ? 8 : 0) + (bit(e, 53) ? 4 : 0) + (bit(e, 51) ? 2 : 0) + (bit(e, 6) ? 1 : 0);
    String kernel = TYPES[(int) (r.pirKernel() >>> (4 * index) & 15)];
    String user = TYPES[(int) (r.pirUser() >>> (4 * index) & 15)];
    answer.kernelRead = kernel.contains("r");
    answer.kernelWrite = kernel.contains("w");
    answer.kernelExecute = kernel.contains("x");
    answer.userRead = user.contains("r");
    answer.userWrite = user.contains("w");
    answer.userExecute = user.contains("x");
    answer.userPage =
        answer.userRead || answer.userWrite || (r.has(Control.EPAN) && answer.userExecute);
    answer.kernelOverlay = kernel.contains("*") && r.has(Control.POE);
    answer.userOverlay = user.contains("*") && r.has(Control.E0POE);
  }

  // ---- s390 ----

  private Answer s390(PagingRegisters r, long va) {
    int size = r.inputBits();
    if (size < 64 && va >>> size != 0) {
      return Answer.fault(FaultKind.NOT_CANONICAL, 0);
    }
    int top = size > 53 ? 5 : size > 42 ? 4 : size > 31 ? 3 : 2;
    long table = r.root() & 0x000ffffffffff000L;
    boolean write = true;
    boolean execute = true;
    for (int level = top; level >= 2; level--) {
      int shift = 20 + 11 * (level - 2);
      long at = table + (va >>> shift & 2047) * 8;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, level);
      }
      long e = Long.reverseBytes(memory.read(at));
      if (bit(e, 5)) {
        return Answer.fault(FaultKind.NOT_PRESENT, level);
      }
      boolean large = level <= 3 && bit(e, 10);
      boolean full = level == 2 || large || (field(e, 1, 0) == 3 && field(e, 7, 6) == 0);
      if (field(e, 3, 2) != level - 2 || !full) {
        return Answer.fault(FaultKind.RESERVED, level);
      }
      if (e >>> maxPa != 0) {
        return Answer.fault(FaultKind.ADDRESS_SIZE, level);
      }
      write &= !bit(e, 9);
      execute &= !bit(e, 8);
      if (large) {
        return s390Page(e >>> shift << shift | field(va, shift - 1, 0), shift, write, execute);
      }
      table = level == 2 ? e & ~0x7ffL : e & ~0xfffL;
    }
    long at = table + (va >>> 12 & 255) * 8;
    if (isMissing(at)) {
      return Answer.fault(FaultKind.MACHINE_CHECK, 1);
    }
    long e = Long.reverseBytes(memory.read(at));
    if (bit(e, 10)) {
      return Answer.fault(FaultKind.NOT_PRESENT, 1);
    }
    if (bit(e, 11)) {
      return Answer.fault(FaultKind.RESERVED, 1);
    }
    if (e >>> maxPa != 0) {
      return Answer.fault(FaultKind.ADDRESS_SIZE, 1);
    }
    return s390Page((e & ~0xfffL) | (va & 0xfff), 12, write && !bit(e, 9), execute && !bit(e, 8));
  }

  private static Answer s390Page(long pa, int shift, boolean write, boolean execute) {
    Answer answer = new Answer();
    answer.pa = pa;
    answer.shift = shift;
    answer.kernelRead = answer.userRead = answer.accessed = answer.dirty = true;
    answer.kernelWrite = answer.userWrite = write;
    answer.kernelExecute = answer.userExecute = execute;
    return answer;
  }

  // ---- Power ----

  private Answer power(PagingRegisters r, long va) {
    boolean small = format.name().endsWith("-4k");
    int[] widths = {0, small ? 9 : 5, 9, 9, 13};
    int[] shifts = {0, small ? 12 : 16, 21, 30, 39};
    if (field(va, 61, 52) != 0) {
      return Answer.fault(FaultKind.NOT_CANONICAL, 0);
    }
    long quadrant = va >>> 62;
    if (quadrant == 1 || quadrant == 2) {
      return Answer.fault(FaultKind.NOT_PRESENT, 4);
    }
    long table = (quadrant == 0 ? r.root() : r.root1()) & 0x000fffffffffff00L;
    for (int level = 4; ; level--) {
      long at = table + field(va, shifts[level] + widths[level] - 1, shifts[level]) * 8;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, level);
      }
      long e = Long.reverseBytes(memory.read(at));
      if (!bit(e, 63)) {
        return Answer.fault(FaultKind.NOT_PRESENT, level);
      }
      boolean leaf = bit(e, 62);
      if (leaf ? level == 4 : level == 1 || field(e, 4, 0) != widths[level - 1]) {
        return Answer.fault(FaultKind.RESERVED, level);
      }
      if (field(e, 55, maxPa) != 0) {
        return Answer.fault(FaultKind.ADDRESS_SIZE, level);
      }
      if (!leaf) {
        table = e & 0x000fffffffffff00L;
        continue;
      }
      Answer answer = new Answer();
      answer.shift = shifts[level];
      answer.pa = field(e, 51, answer.shift) << answer.shift | field(va, answer.shift - 1, 0);
      boolean user = !bit(e, 3);
      answer.kernelRead = bit(e, 2);
      answer.kernelWrite = bit(e, 1);
      answer.kernelExecute = bit(e, 0);
      answer.userRead = user && bit(e, 2);
      answer.userWrite = user && bit(e, 1);
      answer.userExecute = user && bit(e, 0);
      answer.userPage = user;
      answer.accessed = bit(e, 8);
      answer.dirty = bit(e, 7);
      answer.memoryType = (int) field(e, 5, 4);
      answer.updates.put(at, Long.reverseBytes(e | 1L << 8));
      return answer;
    }
  }

  // ---- LoongArch ----

  private Answer loongarch(PagingRegisters r, long va) {
    boolean high = va < 0;
    if (va >> 47 != (high ? -1 : 0)) {
      return Answer.fault(FaultKind.NOT_CANONICAL, 0);
    }
    long table = (high ? r.root1() : r.root()) & 0x0000fffffffff000L;
    for (int level = 3; ; level--) {
      int shift = 14 + 11 * (level - 1);
      long at = table + (va >>> shift & 2047) * 8;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, level);
      }
      long e = memory.read(at);
      boolean huge = level > 1 && bit(e, 6);
      if (e == 0 || ((level == 1 || huge) && !bit(e, 0))) {
        return Answer.fault(FaultKind.NOT_PRESENT, level);
      }
      if (field(e, 47, maxPa) != 0) {
        return Answer.fault(FaultKind.ADDRESS_SIZE, level);
      }
      if (level > 1 && !huge) {
        table = field(e, 47, 12) << 12;
        continue;
      }
      Answer answer = new Answer();
      answer.shift = shift;
      answer.pa = field(e, 47, shift) << shift | field(va, shift - 1, 0);
      boolean user = field(e, 3, 2) == 3;
      answer.kernelRead = !bit(e, 61);
      answer.kernelWrite = bit(e, 8);
      answer.kernelExecute = !bit(e, 62);
      answer.userRead = user && !bit(e, 61);
      answer.userWrite = user && bit(e, 8);
      answer.userExecute = user && !bit(e, 62);
      answer.userPage = user;
      answer.global = bit(e, huge ? 12 : 6);
      answer.accessed = true;
      answer.dirty = bit(e, 1);
      answer.memoryType = (int) field(e, 5, 4);
      return answer;
    }
  }

  // ---- sparc64 ----

  private Answer sparc(PagingRegisters r, long va) {
    if (va << 11 >> 11 != va) {
      return Answer.fault(FaultKind.NOT_CANONICAL, 0);
    }
    long table = r.root() & 0x000fffffffffe000L;
    for (int level = 4; ; level--) {
      int shift = 13 + 10 * (level - 1);
      long at = table + (va >>> shift & 1023) * 8;
      if (isMissing(at)) {
        return Answer.fault(FaultKind.MACHINE_CHECK, level);
      }
      long e = Long.reverseBytes(memory.read(at));
      boolean leaf = e < 0;
      if (e == 0 || (level == 1 && !leaf)) {
        return Answer.fault(FaultKind.NOT_PRESENT, level);
      }
      if (leaf && (level > 2 || field(e, 3, 0) != (level == 1 ? 0 : 3))) {
        return Answer.fault(FaultKind.RESERVED, level);
      }
      if (field(e, 55, maxPa) != 0) {
        return Answer.fault(FaultKind.ADDRESS_SIZE, level);
      }
      if (!leaf) {
        table = field(e, 51, 13) << 13;
        continue;
      }
      Answer answer = new Answer();
      answer.shift = shift;
      answer.pa = field(e, 51, shift) << shift | field(va, shift - 1, 0);
      boolean user = !bit(e, 8);
      answer.kernelRead = true;
      answer.kernelWrite = bit(e, 6);
      answer.kernelExecute = bit(e, 7);
      answer.userRead = user;
      answer.userWrite = user && bit(e, 6);
      answer.userExecute = user && bit(e, 7);
      answer.userPage = user;
      answer.accessed = answer.dirty = true;
      answer.memoryType = (int) field(e, 10, 9);
      return answer;
    }
  }
}
