package org.pagewright.check.directmap;

import java.util.Arrays;
import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * Splitting and merging change nothing but the size of leaves.
 *
 * <p>Property: when a leaf of the direct map is replaced by a table, or a table by a leaf, each
 * piece is present exactly if the leaf is, leads where that part of the leaf leads, with the same
 * key and the same rights. Sees: entries written, splits, merges, the tables. Checked: at each
 * split and merge. Does not check: marks of use; rights of a split that also puts static
 * protections into force, of which nothing may be more than the leaf's; cache modes; changes while
 * another CPU writes entries.
 */
final class SplitsKeepTranslations extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.ENTRY_WRITE,
          HardwareEvent.LOCK_ACQUIRE,
          KernelEvent.STATIC_PROTECTION_CONFLICT,
          KernelEvent.ATTRIBUTES_CHANGE,
          KernelEvent.DIRECT_MAP_SPLIT,
          KernelEvent.DIRECT_MAP_COLLAPSE);

  private static final int COMPARED = Rights.PERMISSIONS | Rights.GLOBAL;

  private final PhysicalMemory memory;
  private final PteFormat format;

  /** What each CPU wrote last, and what was there before. */
  private final long[] written;

  private final long[] replaced;

  /** Whether each CPU has met a static protection that is not in force. */
  private final boolean[] mayTighten;

  /** Whether another CPU wrote an entry since each acquired a lock. */
  private final boolean[] isDisturbed;

  SplitsKeepTranslations(WatchedKernel kernel, List<Violation> violations) {
    super("splits-keep-translations", KINDS, violations);
    this.memory = kernel.machine().memory();
    this.format = kernel.machine().format();
    this.written = new long[kernel.machine().cpus()];
    this.replaced = new long[kernel.machine().cpus()];
    this.mayTighten = new boolean[kernel.machine().cpus()];
    this.isDisturbed = new boolean[kernel.machine().cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.ENTRY_WRITE -> {
        replaced[cpu] = b;
        written[cpu] = c;
        boolean mine = isDisturbed[cpu];
        Arrays.fill(isDisturbed, true);
        isDisturbed[cpu] = mine;
      }
      case HardwareEvent.LOCK_ACQUIRE -> isDisturbed[cpu] = false;
      case KernelEvent.STATIC_PROTECTION_CONFLICT -> mayTighten[cpu] = true;
      case KernelEvent.ATTRIBUTES_CHANGE -> mayTighten[cpu] = false;
      case KernelEvent.DIRECT_MAP_SPLIT -> compare(cpu, a, (int) b, replaced[cpu], c);
      case KernelEvent.DIRECT_MAP_COLLAPSE -> compare(cpu, a, (int) b, written[cpu], c);
      default -> {}
    }
  }

  private void compare(int cpu, long va, int level, long leaf, long tablePa) {
    if (isDisturbed[cpu]) {
      return;
    }
    boolean isPresent = format.isPresent(leaf, level);
    long pieceBytes = format.levelBytes(level - 1);
    long pa = isPresent ? target(leaf, level, va) : 0;
    long pieces = format.levelBytes(level) / pieceBytes;
    for (int i = 0; i < pieces; i++) {
      long piece = format.fromMemory(memory.read(tablePa + (long) i * Long.BYTES));
      String wrong = difference(level, leaf, piece, pa + i * pieceBytes, mayTighten[cpu]);
      if (!wrong.isEmpty()) {
        violated(cpu, "the leaf at 0x%x and its piece %d differ: %s".formatted(va, i, wrong));
        return;
      }
    }
  }

  /**
   * Where a leaf leads; entries of a run lead to its beginning.
   *
   * @param place an address with the same place in the run
   */
  private long target(long leaf, int level, long place) {
    long runBytes = 1L << format.pageShift(leaf, level);
    return format.pa(leaf, level) + (place & (runBytes - 1) & -format.levelBytes(level));
  }

  private String difference(int level, long leaf, long piece, long pa, boolean mayTighten) {
    int below = level - 1;
    if (format.isPresent(piece, below) != format.isPresent(leaf, level)) {
      return "one is present";
    }
    if (!format.isPresent(piece, below)) {
      return "";
    }
    if (!format.isLeaf(piece, below) || target(piece, below, pa) != pa) {
      return "the piece leads to 0x%x, not 0x%x".formatted(target(piece, below, pa), pa);
    }
    if (format.pkey(piece, below) != format.pkey(leaf, level)) {
      return "keys %d and %d".formatted(format.pkey(leaf, level), format.pkey(piece, below));
    }
    int before = format.rights(leaf, level) & COMPARED;
    int after = format.rights(piece, below) & COMPARED;
    int more = after & ~before;
    int fewer = before & ~after;
    boolean agree = more == 0 && (fewer == 0 || mayTighten);
    return agree ? "" : "rights 0x%x and 0x%x".formatted(before, after);
  }
}
