package org.pagewright.hardware.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.TableBuilder;

/** A way to fill page tables for an image. */
public enum ImageScenario {
  /** Every page size with every combination of rights that the format can express. */
  EVERY {
    @Override
    void fill(Draft draft, Choices choices) {
      for (TableBuilder tables : draft.roots()) {
        long va = draft.firstVa(tables);
        for (int level : draft.leafLevels()) {
          va = draft.addEveryRight(tables, level, va);
        }
      }
    }
  },

  /** Leaves of all sizes at random places below tables with random restrictions. */
  RANDOM {
    @Override
    void fill(Draft draft, Choices choices) {
      for (TableBuilder tables : draft.roots()) {
        for (int i = 0; i < CLUSTERS; i++) {
          draft.addCluster(tables, choices);
        }
      }
    }
  };

  private static final int CLUSTERS = 220;
  private static final int CLUSTER_LEAVES_MAX = 6;
  private static final long TABLE_BYTES_MAX = 64L << 20;

  /** Physical addresses of mapped pages stay below this, as small emulators want them. */
  private static final int PHYSICAL_BITS = 40;

  abstract void fill(Draft draft, Choices choices);

  /** Builds the tables of an image; {@code choices} decide what is random. */
  public MemoryImage build(PteFormat format, Choices choices) {
    Draft draft = new Draft(format);
    fill(draft, choices);
    return draft.finish(choices);
  }

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The scenario of that name. */
  public static ImageScenario named(String label) {
    for (ImageScenario scenario : values()) {
      if (scenario.label().equals(label)) {
        return scenario;
      }
    }
    throw new IllegalArgumentException(
        "unknown image scenario '" + label + "'; expected every or random");
  }

  /** Tables in the making, and what the format allows. */
  static final class Draft {
    final PteFormat format;
    final List<Integer> expressible = new ArrayList<>();
    private final PhysicalMemory memory;
    private final List<TableBuilder> roots = new ArrayList<>();
    private final long base;
    private long tablesEnd;

    Draft(PteFormat format) {
      this.format = format;
      this.base = base(format.architecture());
      this.tablesEnd = base;
      this.memory = new PhysicalMemory(MemoryMap.of(base, base + TABLE_BYTES_MAX));
      boolean hasPdptes = format.has(PteFormat.Feature.PDPTE_REGISTERS);
      roots.add(new TableBuilder(memory, format, this::allocate));
      if (format.roots().hasSecond() && !hasPdptes) {
        roots.add(new TableBuilder(memory, format, this::allocate));
      }
      findExpressible();
    }

    /** A place in RAM that common machines of each architecture leave free. */
    private static long base(Architecture architecture) {
      return switch (architecture) {
        case ARM64 -> 0x4100_0000L;
        case RISCV -> 0x8100_0000L;
        default -> 0x10_0000L;
      };
    }

    private long allocate(long bytes) {
      long pa = (tablesEnd + bytes - 1) & -bytes;
      tablesEnd = pa + bytes;
      if (tablesEnd > base + TABLE_BYTES_MAX) {
        throw new IllegalStateException("the tables of the image exceed " + TABLE_BYTES_MAX);
      }
      return pa;
    }

    List<TableBuilder> roots() {
      return roots;
    }

    private void findExpressible() {
      int flags = Rights.ACCESSED | Rights.DIRTY;
      for (int rights = 1; rights <= Rights.PERMISSIONS; rights++) {
        addIfExpressible(rights | flags);
        addIfExpressible(rights | flags | Rights.USER_PAGE);
      }
    }

    private void addIfExpressible(int rights) {
      try {
        long leaf = format.leaf(/* level= */ 1, /* pa= */ 0, rights);
        int granted = format.rights(leaf, /* level= */ 1);
        if ((granted & Rights.USER_PAGE) == (rights & Rights.USER_PAGE)) {
          expressible.add(rights);
        }
      } catch (IllegalArgumentException _) {
        // The format has no such page.
      }
    }

    List<Integer> leafLevels() {
      List<Integer> levels = new ArrayList<>();
      for (int level = 1; level <= format.topLevel(); level++) {
        boolean isSmallEnough = format.level(level).shift() < PHYSICAL_BITS;
        if (format.isLeafLevel(level) && isSmallEnough) {
          levels.add(level);
        }
      }
      return levels;
    }

    long firstVa(TableBuilder tables) {
      return tables == roots.getFirst() ? 0 : -1L << format.usualAddressBits();
    }

    /** Bytes that one root translates, from {@link #firstVa}; half of a sign-extended range. */
    private int rootBits() {
      boolean isSigned = format.has(PteFormat.Feature.SIGN_EXTENDED);
      int bits = format.usualAddressBits() - (isSigned ? 1 : 0);
      return format.has(PteFormat.Feature.PDPTE_REGISTERS) ? Integer.SIZE : bits;
    }

    boolean fits(TableBuilder tables, long va, long bytes) {
      boolean isHighHalf = format.has(PteFormat.Feature.SIGN_EXTENDED) && va < 0;
      long offset = isHighHalf ? va + (1L << rootBits()) : va - firstVa(tables);
      return offset >= 0 && offset + bytes <= 1L << rootBits();
    }

    /** A page's physical address for an address of its mapping: a fixed scramble. */
    long pageAt(long va, long bytes) {
      long scrambled = (va ^ 0x5_5a5a_5000L) & ((1L << PHYSICAL_BITS) - 1);
      return scrambled & -bytes;
    }

    /** Maps a leaf with every rights, a hole after each; answers where the last hole ends. */
    long addEveryRight(TableBuilder tables, int level, long from) {
      long bytes = format.levelBytes(level);
      long va = from;
      for (int rights : expressible) {
        va = (va + bytes - 1) & -bytes;
        if (fits(tables, va, 2 * bytes)) {
          tables.map(va, pageAt(va, bytes), bytes, rights, level);
        }
        va += 2 * bytes;
      }
      return va;
    }

    /** Maps neighbouring leaves of one size somewhere, some as a run, some below restrictions. */
    void addCluster(TableBuilder tables, Choices choices) {
      List<Integer> levels = leafLevels();
      int level = levels.get(choices.pick(levels.size(), "leaf level"));
      long bytes = format.levelBytes(level);
      long va = randomVa(tables, choices) & -bytes;
      int leaves = 1 + choices.pick(CLUSTER_LEAVES_MAX, "leaves");
      int rights = randomRights(choices);
      if (format.level(level).runMark() != 0 && choices.pick(4, "run") == 0) {
        long runBytes = 1L << format.level(level).runShift();
        long runVa = va & -runBytes;
        attempt(() -> tables.mapRun(runVa, randomPa(choices, runBytes), level, rights));
      }
      for (int i = 0; i < leaves; i++) {
        long at = va + i * bytes;
        int own = choices.pick(3, "new rights") == 0 ? randomRights(choices) : rights;
        boolean isHole = choices.pick(8, "hole") == 0;
        if (!isHole && fits(tables, at, bytes)) {
          long pa = randomPa(choices, bytes);
          attempt(() -> tables.map(at, pa, bytes, own, level));
        }
      }
      restrict(tables, va, level, choices);
    }

    private void restrict(TableBuilder tables, long va, int leafLevel, Choices choices) {
      int above = leafLevel + 1;
      if (above > tables.topLevel() || choices.pick(3, "restrict") != 0) {
        return;
      }
      int level = above + choices.pick(tables.topLevel() - above + 1, "restricted level");
      boolean isPdpte = format.has(PteFormat.Feature.PDPTE_REGISTERS) && level == format.topLevel();
      int denied = 1 << choices.pick(6, "denied right");
      if (!isPdpte) {
        int limit = (Rights.PERMISSIONS & ~denied) | Rights.USER_PAGE;
        attempt(() -> tables.restrict(va, level, limit));
      }
    }

    /** Takes a step unless the place is taken already, by a larger page perhaps. */
    private static void attempt(Runnable step) {
      try {
        step.run();
      } catch (IllegalArgumentException _) {
        // Another cluster has the place; the image is random anyway.
      }
    }

    private int randomRights(Choices choices) {
      return expressible.get(choices.pick(expressible.size(), "rights"));
    }

    private long randomPa(Choices choices, long bytes) {
      return random(choices, PHYSICAL_BITS) & -bytes;
    }

    private long randomVa(TableBuilder tables, Choices choices) {
      long offset = random(choices, rootBits());
      // Half of the clusters gather in one corner, where they share tables.
      boolean gathers = choices.pick(2, "gather") == 0;
      long near = gathers ? offset & ((1L << Math.min(rootBits(), 34)) - 1) : offset;
      boolean isSigned = format.has(PteFormat.Feature.SIGN_EXTENDED);
      if (isSigned && choices.flip("high half")) {
        return near | (-1L << rootBits());
      }
      return near + firstVa(tables);
    }

    private static long random(Choices choices, int bits) {
      long value = 0;
      for (int have = 0; have < bits; have += 16) {
        value = (value << 16) | choices.pick(1 << 16, "address");
      }
      return value & ((1L << bits) - 1);
    }

    MemoryImage finish(Choices choices) {
      long root1 = roots.size() > 1 ? roots.get(1).rootPa() : Manifest.NO_ROOT;
      long end = (tablesEnd + format.pageBytes() - 1) & -format.pageBytes();
      return new MemoryImage(memory, format, base, end, roots.getFirst().rootPa(), root1, choices);
    }
  }
}
