package org.pagewright.kernel.tablelife;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * A way to get kernel tables that bypasses the usual helpers, in one version of Linux.
 *
 * <p>Models alloc_low_pages() and __split_large_page() of x86, __create_pgd_mapping() and
 * free_empty_tables() of arm64, alloc_pte_late() and remove_pte_mapping() of riscv, late_alloc() of
 * arm and vmem_crst_alloc() of s390.
 *
 * @param arch row of {@link ArchTables}
 * @param use what for
 * @param constructsFrom lowest level that it constructs; above all levels for "none"
 * @param constructsTo highest level that it constructs
 * @param owner what it tells constructors
 * @param of whose tables it makes in truth
 * @param fate what becomes of a table
 */
public record SpecialAllocator(
    String arch,
    String use,
    LinuxVersion version,
    int constructsFrom,
    int constructsTo,
    @Nullable TableOwner owner,
    TableOwner of,
    Fate fate) {

  /** What becomes of a table. */
  public enum Fate {
    /** It stays for ever. */
    KEPT,
    /** Its destructor runs, its page is freed. */
    DESTRUCTED,
    /** Its page is freed without a destructor. */
    FREED_RAW
  }

  private static final TableOwner EFI_MM = new TableOwner(TableOwner.Kind.SPECIAL_MM, 2);

  /*
   * ctor: levels that are constructed (1 PTE to 4 P4D), none for none.
   * passes: the mm argument. of: whose tables they are.
   */
  private static final String TABLE =
      """
      arch         | use        | version | ctor | passes | of   | fate
      x86-64       | early      | 7.0     | none | -      | init | kept
      x86-64       | hotplug    | 7.0     | none | -      | init | raw
      x86-64       | map-split  | 6.12    | none | -      | init | raw
      x86-64       | map-split  | 7.0     | none | -      | init | raw
      x86-64       | map-split  | 7.3     | 1-2  | init   | init | dtor
      x86-64       | efi        | 7.0     | 1-4  | efi    | efi  | dtor
      arm          | efi        | 6.12    | 1-1  | null   | efi  | kept
      arm          | efi        | 7.0     | 1-1  | null   | efi  | kept
      arm64-4k     | early      | 7.0     | none | -      | init | kept
      arm64-4k     | efi        | 6.12    | 1-2  | null   | efi  | kept
      arm64-4k     | efi        | 7.0     | 1-4  | null   | efi  | kept
      arm64-4k     | hotplug    | 6.12    | 1-2  | null   | init | raw
      arm64-4k     | hotplug    | 7.0     | 1-4  | init   | init | raw
      arm64-4k     | hotplug    | 7.3     | 1-4  | init   | init | dtor
      arm64-4k     | map-split  | 7.0     | 1-4  | init   | init | kept
      riscv64-sv39 | early      | 7.0     | none | -      | init | kept
      riscv64-sv39 | efi        | 7.0     | 1-4  | null   | efi  | kept
      riscv64-sv39 | hotplug    | 6.12    | 1-2  | null   | init | dtor
      riscv64-sv39 | hotplug    | 7.0     | 1-4  | null   | init | dtor
      s390         | vmem-pte   | 7.0     | 1-1  | init   | init | dtor
      s390         | vmem-upper | 7.0     | none | -      | init | raw
      s390         | base-asce  | 7.0     | none | -      | init | raw
      microblaze   | early      | 7.0     | none | -      | init | kept
      openrisc     | early      | 7.0     | none | -      | init | kept
      """;

  private static final List<SpecialAllocator> ALL =
      TABLE.lines().skip(1).map(SpecialAllocator::parse).toList();

  /** All that are known. */
  public static List<SpecialAllocator> all() {
    return ALL;
  }

  private static SpecialAllocator parse(String line) {
    String[] cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toArray(String[]::new);
    boolean isNone = cells[3].equals("none");
    return new SpecialAllocator(
        cells[0],
        cells[1],
        version(cells[2]),
        isNone ? ArchTableRow.LEVELS + 1 : cells[3].charAt(0) - '0',
        isNone ? 0 : cells[3].charAt(2) - '0',
        isNone ? null : owner(cells[4]),
        owner(cells[5]),
        switch (cells[6]) {
          case "kept" -> Fate.KEPT;
          case "dtor" -> Fate.DESTRUCTED;
          case "raw" -> Fate.FREED_RAW;
          default -> throw new IllegalArgumentException("fate '" + cells[6] + "'");
        });
  }

  private static LinuxVersion version(String label) {
    for (LinuxVersion version : LinuxVersion.values()) {
      if (version.label().equals(label)) {
        return version;
      }
    }
    throw new IllegalArgumentException("version '" + label + "'");
  }

  private static TableOwner owner(String text) {
    return switch (text) {
      case "init" -> TableOwner.INIT_MM;
      case "efi" -> EFI_MM;
      case "null" -> TableOwner.UNKNOWN;
      default -> throw new IllegalArgumentException("owner '" + text + "'");
    };
  }

  /** Whether it constructs tables of a level. */
  public boolean constructs(int level) {
    return level >= constructsFrom && level <= constructsTo;
  }

  /**
   * Whether the lock that the constructor makes is the one that walkers take: they lock single
   * tables of every address space but the kernel's.
   */
  public boolean locksAsWalkersDo(int level, TableConfig config) {
    TableOwner told = owner;
    boolean makesLock = constructs(level) && told != null && config.makesLock(level, told);
    return makesLock == (of.mayLockTables() && config.splits(level));
  }

  /** Takes a page for a table of {@code level}, or answers {@link PageAllocator#NONE}. */
  public long take(Cpu cpu, PageAllocator pages, TableConstructors constructors, int level) {
    long pfn = pages.allocate(cpu, Gfp.KERNEL | Gfp.ZERO, 0);
    TableOwner told = owner;
    if (pfn == PageAllocator.NONE || !constructs(level) || told == null) {
      return pfn;
    }
    if (constructors.construct(cpu, pfn, level, 0, told) != 0) {
      pages.free(cpu, pfn, 0);
      return PageAllocator.NONE;
    }
    return pfn;
  }

  /** What becomes of a table that is not needed any more. */
  public void give(Cpu cpu, PageAllocator pages, TableConstructors constructors, long pfn) {
    if (fate == Fate.KEPT) {
      return;
    }
    if (fate == Fate.DESTRUCTED && constructors.descriptor(pfn) != null) {
      constructors.destruct(cpu, pfn);
    }
    pages.free(cpu, pfn, 0);
  }

  @Override
  public String toString() {
    return arch + " " + use + " " + version.label();
  }
}
