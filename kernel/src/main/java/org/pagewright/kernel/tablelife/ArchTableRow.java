package org.pagewright.kernel.tablelife;

import java.util.List;
import org.pagewright.kernel.tablelife.TableConfig.LockStorage;

/**
 * The page tables of one architecture in one configuration.
 *
 * @param pageShift logarithm of the page size
 * @param shapes from PTE to PGD
 * @param constructedBefore whether the kernel's lowest tables were constructed before Linux 6.16
 * @param constructedSince whether they are since
 * @param split which tables of processes have locks of their own
 * @param freeing how user tables are freed
 * @param freesItself whether the architecture frees queued tables by code of its own
 */
public record ArchTableRow(
    String name,
    int pageShift,
    List<TableShape> shapes,
    boolean constructedBefore,
    boolean constructedSince,
    Split split,
    FreeingHistory freeing,
    boolean freesItself) {

  /** Levels that Linux knows: PTE, PMD, PUD, P4D, PGD. */
  public static final int LEVELS = 5;

  /** P4D and PGD got constructors last, in 6.14. */
  private static final int FIRST_COUNTED_LATE = 4;

  /** Which tables of processes have locks of their own. */
  public enum Split {
    NONE,
    PTE,
    PTE_AND_PMD;

    static Split parse(String text) {
      return switch (text) {
        case "-" -> NONE;
        case "pte" -> PTE;
        case "pmd" -> PTE_AND_PMD;
        default ->
            throw new IllegalArgumentException("'" + text + "' is no split; expected -, pte, pmd");
      };
    }
  }

  public ArchTableRow {
    shapes = List.copyOf(shapes);
    if (shapes.size() != LEVELS || !shapes.get(0).exists() || !shapes.get(LEVELS - 1).exists()) {
      throw new IllegalArgumentException(name + ": a PTE and a PGD level must exist");
    }
  }

  /** The shape of a level: 1 is PTE, 5 is PGD. */
  public TableShape shape(int level) {
    return shapes.get(level - 1);
  }

  /** Levels that have tables. */
  public int levels() {
    return (int) shapes.stream().filter(TableShape::exists).count();
  }

  /** The locks that constructors make, and where they stand. */
  public TableConfig locks(LockStorage storage, LinuxVersion version) {
    return new TableConfig(
        split != Split.NONE,
        split == Split.PTE_AND_PMD,
        storage,
        /* locksKernelTables= */ version.isBefore(LinuxVersion.V6_17));
  }

  /**
   * Whether tables of a level are constructed: never slab objects, the kernel's lowest tables since
   * 6.16 almost everywhere, the two highest levels since 6.14.
   */
  public boolean constructs(int level, boolean isKernel, LinuxVersion version) {
    TableShape.Unit unit = shape(level).unit();
    if (unit == TableShape.Unit.FOLDED || unit == TableShape.Unit.SLAB) {
      return false;
    }
    boolean isOld = version.isBefore(LinuxVersion.V6_17);
    if (level == 1 && isKernel) {
      return isOld ? constructedBefore : constructedSince;
    }
    return level < FIRST_COUNTED_LATE || !isOld;
  }

  /** How a user table of a level is freed. */
  public FreeMode mode(int level, LinuxVersion version) {
    return freeing.mode(level, version);
  }

  /**
   * Whether Kconfig lets PT_RECLAIM be on: x86-64 up to 6.19; since 7.0 wherever tables are freed
   * by RCU and the architecture has no code of its own for it.
   */
  public boolean reclaims(LinuxVersion version) {
    if (version == LinuxVersion.V6_12) {
      return false;
    }
    if (version.isBefore(LinuxVersion.V7_0)) {
      return name.startsWith("x86-64");
    }
    return freeing.pte70() == FreeMode.RCU && !freesItself;
  }
}
