package org.pagewright.hardware.paging;

import java.util.List;
import java.util.Set;

/**
 * A page-table format: the geometry of the tables and the meaning of every bit of an entry.
 *
 * <p>Levels count from the leaf: 1 holds the entries of the smallest pages. All formats are in
 * {@link PteFormats}.
 *
 * @param name as in manifests, for example {@code x86_64-4level}
 * @param vaBits width of the translated range, per root
 * @param physicalBits implemented physical address bits (x86 MAXPHYADDR)
 * @param addressShift an address field is shifted left by this (RISC-V: 2)
 * @param rootMask bits of a root register that hold the address of the top table
 * @param roots how an address selects among several roots
 * @param levels from level 1 up
 */
public record PteFormat(
    String name,
    Architecture architecture,
    int vaBits,
    int physicalBits,
    int addressShift,
    long rootMask,
    Roots roots,
    Set<Feature> features,
    List<PteLevel> levels) {

  /** Smallest alignment of a table: that of an arm64 top table with few entries. */
  static final long SMALLEST_TABLE_BYTES = 64;

  /** What masks cannot say. */
  public enum Feature {
    /** Entries are stored with the most significant byte first. */
    BIG_ENDIAN,
    /** Addresses of one root are sign-extended to 64 bits. */
    SIGN_EXTENDED,
    /** The entries of the top level are loaded into registers with the root (x86 PAE). */
    PDPTE_REGISTERS,
    /** A page that EL0 may write is never executable at EL1 (arm64 without PIE). */
    USER_WRITE_DENIES_KERNEL_EXECUTE,
  }

  /** How bits of a virtual address select a root. */
  public enum Roots {
    /** One root for all addresses. */
    ONE(0, 0),
    /** Bit 55: TTBR0 for the low range, TTBR1 for the high one. */
    TTBR(55, 1),
    /** Bit 63: PGDL for the low half, PGDH for the high one. */
    HALVES(63, 1),
    /** Bits 63:62: quadrant 0 (user) and 3 (kernel); 1 and 2 are the hypervisor's. */
    QUADRANTS(62, 3),
    /** Bits 31:30 select one of four PDPTE registers. */
    PDPTES(30, 3);

    final int shift;
    final int mask;

    Roots(int shift, int mask) {
      this.shift = shift;
      this.mask = mask;
    }

    /** True where a second root register exists. */
    public boolean hasSecond() {
      return this != ONE && this != PDPTES;
    }
  }

  public PteFormat {
    features = Set.copyOf(features);
    levels = List.copyOf(levels);
    for (int i = 0; i < levels.size(); i++) {
      PteLevel level = levels.get(i);
      assert level.level() == i + 1 : name + " level " + level.level() + " at " + i;
      assert i == 0 || level.shift() == levels.get(i - 1).shift() + levels.get(i - 1).indexBits()
          : name + " has a gap below level " + level.level();
    }
  }

  /** The preset of that name; the message of the error lists them all. */
  public static PteFormat named(String name) {
    return PteFormats.named(name);
  }

  /** The same format on a machine with this many physical address bits. */
  public PteFormat withPhysicalBits(int physicalBits) {
    return PteFormats.build(name, physicalBits);
  }

  public boolean has(Feature feature) {
    return features.contains(feature);
  }

  /** An entry as a number from its 8 bytes in memory. */
  public long fromMemory(long word) {
    return has(Feature.BIG_ENDIAN) ? Long.reverseBytes(word) : word;
  }

  /** The 8 bytes to write to memory for an entry. */
  public long toMemory(long entry) {
    return fromMemory(entry);
  }

  // ---- geometry ----

  /** Number of levels: the top table's entries have this level. */
  public int topLevel() {
    return levels.size();
  }

  /** Level of the top table for addresses of this width. */
  public int topLevel(int addressBits) {
    int level = topLevel();
    while (level > 1 && level(level).shift() >= addressBits) {
      level--;
    }
    return level;
  }

  /**
   * Width of the addresses that {@link PagingRegisters} translate at boot: all that the format can,
   * but a region-second table on s390, the largest that Linux uses unless asked.
   */
  public int usualAddressBits() {
    return architecture == Architecture.S390 ? 53 : vaBits;
  }

  /** The level with this number, 1 for the leaf. */
  public PteLevel level(int level) {
    return levels.get(level - 1);
  }

  /** Logarithm of the smallest page in bytes. */
  public int pageShift() {
    return levels.get(0).shift();
  }

  public long pageBytes() {
    return 1L << pageShift();
  }

  /** Bytes of address space that one entry of the level covers. */
  public long levelBytes(int level) {
    return 1L << level(level).shift();
  }

  /** Index of the entry for {@code va} in its table of the level. */
  public int index(long va, int level) {
    PteLevel bits = level(level);
    return (int) (va >>> bits.shift()) & (1 << bits.indexBits()) - 1;
  }

  /** Size of a table of the level: all entries have 8 bytes. */
  public long tableBytes(int level) {
    return (long) Long.BYTES << level(level).indexBits();
  }

  /** Address of the entry for {@code va} in a table of the level. */
  public long entryPa(long tablePa, long va, int level) {
    return tablePa + (long) index(va, level) * Long.BYTES;
  }

  /** True when the range of the format (of either root) holds the address. */
  public boolean isCanonical(long va) {
    long high = -1L << (vaBits - (has(Feature.SIGN_EXTENDED) ? 1 : 0));
    if (vaBits == Long.SIZE) {
      return true;
    }
    return switch (roots) {
      case ONE -> (va & high) == 0 || (has(Feature.SIGN_EXTENDED) && (va & high) == high);
      case TTBR, HALVES -> (va & high) == 0 || (va & high) == high;
      case QUADRANTS -> (va & high) << 2 == 0 && (va >>> 62 == 0 || va >>> 62 == 3);
      case PDPTES -> (va & high) == 0;
    };
  }

  /** True when a page of this size can be mapped by a leaf of the level, runs not counted. */
  public boolean isLeafLevel(int level) {
    return level <= topLevel() && level(level).leafRule() == PteLevel.LeafRule.ALLOWED;
  }

  // ---- entries as numbers; memory order is the reader's and writer's business ----

  /** An entry of the level that maps nothing. */
  public long empty(int level) {
    return level(level).empty();
  }

  public boolean isPresent(long entry, int level) {
    return level(level).isPresent(entry);
  }

  /** True for a present entry that maps a page. */
  public boolean isLeaf(long entry, int level) {
    return isPresent(entry, level) && !level(level).isTable(entry);
  }

  /** True for a present entry that points to a table. */
  public boolean isTable(long entry, int level) {
    return isPresent(entry, level) && level(level).isTable(entry);
  }

  /** The address in a present entry: of the page, or of the next table. */
  public long pa(long entry, int level) {
    PteLevel bits = level(level);
    long field = bits.isTable(entry) ? bits.tableAddress() : bits.leafAddress();
    long pa = (entry & field) << addressShift;
    return !bits.isTable(entry) && bits.isRun(entry) ? pa & -(1L << bits.runShift()) : pa;
  }

  /** Logarithm of the size of the page that a leaf maps, its run included. */
  public int pageShift(long leaf, int level) {
    PteLevel bits = level(level);
    return bits.isRun(leaf) ? bits.runShift() : bits.shift();
  }

  /** The rights that a leaf grants by itself, tables above it not counted. */
  public int rights(long leaf, int level) {
    return restricted(level(level).leaf().rights(leaf));
  }

  /** The protection key in a leaf; 0 where the format has none. */
  public int pkey(long leaf, int level) {
    PermissionBits bits = level(level).leaf();
    return (int) (leaf >>> bits.pkeyShift()) & bits.pkeyMask();
  }

  /** A leaf with these rights, protection key 0 and memory type 0. */
  public long leaf(int level, long pa, int rights) {
    return leaf(level, pa, rights, /* pkey= */ 0, /* memoryType= */ 0);
  }

  /**
   * A leaf. The rights must be ones that the format can express: asking for a user page without
   * user read, say, is a caller's mistake on x86. Flags that the architecture lacks are ignored.
   */
  public long leaf(int level, long pa, int rights, int pkey, int memoryType) {
    PteLevel bits = level(level);
    PermissionBits permissions = bits.leaf();
    if (bits.leafRule() != PteLevel.LeafRule.ALLOWED) {
      throw new IllegalArgumentException(name + " has no leaf at level " + level);
    }
    if ((pkey & ~permissions.pkeyMask()) != 0) {
      throw new IllegalArgumentException(name + " has no protection key " + pkey);
    }
    long entry =
        bits.presentValue()
            | bits.leafPresent()
            | bits.leafFixedValue()
            | permissions.encode(rights)
            | (long) pkey << permissions.pkeyShift()
            | bits.memoryType().encode(memoryType)
            | addressField(pa, bits.leafAddress(), level);
    entry |= level > 1 && bits.isTable(entry) ? bits.tableMask() & ~bits.tableValue() : 0;
    int granted = restricted(permissions.rights(entry)) & Rights.PERMISSIONS;
    if (granted != (rights & Rights.PERMISSIONS) || bits.verdict(entry) != null) {
      throw new IllegalArgumentException(
          name + " cannot express the rights " + describe(rights) + " at level " + level);
    }
    return entry;
  }

  /** The leaf as a member of a run of leaves that map one larger page. */
  public long inRun(long leaf, int level) {
    PteLevel bits = level(level);
    if (bits.runMark() == 0) {
      throw new IllegalArgumentException(name + " has no runs at level " + level);
    }
    return (leaf & ~bits.runFixed()) | bits.runMark() | bits.runFixedValue();
  }

  /** An entry that points to a table and restricts nothing. */
  public long table(int level, long pa) {
    PteLevel bits = level(level);
    return bits.tableDefault() | addressField(pa, bits.tableAddress(), level);
  }

  /**
   * An entry that points to a table below which at most these rights hold (x86, arm64, s390). The
   * rights that the format cannot take away stay.
   */
  public long table(int level, long pa, int rights) {
    PermissionBits table = level(level).table();
    long positive = (table(level, pa) ^ table.inverted()) & ~table.denying(rights);
    return positive ^ table.inverted();
  }

  private long addressField(long pa, long mask, int level) {
    long field = pa >>> addressShift & mask;
    if (field << addressShift != pa || pa >>> Math.min(physicalBits, 63) != 0) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(pa) + " is no address for " + name + " at level " + level);
    }
    return field;
  }

  /** Applies the rule that masks cannot say: EL1 never executes what EL0 may write. */
  private int restricted(int rights) {
    return has(Feature.USER_WRITE_DENIES_KERNEL_EXECUTE) && (rights & Rights.USER_WRITE) != 0
        ? rights & ~Rights.KERNEL_EXECUTE
        : rights;
  }

  private static String describe(int rights) {
    return "k=" + Rights.kernelLetters(rights) + " u=" + Rights.userLetters(rights);
  }

  @Override
  public String toString() {
    return name;
  }
}
