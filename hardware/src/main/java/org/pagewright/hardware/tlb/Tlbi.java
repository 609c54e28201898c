package org.pagewright.hardware.tlb;

/**
 * Operations of arm64's TLBI instruction at EL1, as bits of an {@code int}: one of the kinds, then
 * flags. Arm Architecture Reference Manual DDI 0487, "TLB maintenance instructions".
 */
public final class Tlbi {
  /** All entries. */
  public static final int VMALLE1 = 0;

  /** Entries of an ASID that are not global. */
  public static final int ASIDE1 = 1;

  /** By address, ASID and global, walk caches too. */
  public static final int VAE1 = 2;

  /** By address, any ASID, walk caches too. */
  public static final int VAAE1 = 3;

  /** By address, ASID and global, last level only. */
  public static final int VALE1 = 4;

  /** By address, any ASID, last level only. */
  public static final int VAALE1 = 5;

  /** Broadcast to all CPUs of the inner shareable domain: the suffix IS. */
  public static final int INNER_SHAREABLE = 1 << 3;

  /** Broadcast to the outer shareable domain: the suffix OS. All CPUs modelled are in it. */
  public static final int OUTER_SHAREABLE = 1 << 4;

  private static final int KIND_MASK = 7;
  private static final int LEVEL_SHIFT = 8;
  private static final String[] NAMES = {"VMALLE1", "ASIDE1", "VAE1", "VAAE1", "VALE1", "VAALE1"};

  private Tlbi() {}

  /**
   * The operation with the hint (TTL) that the entry came from a leaf of this level, 1 for the
   * smallest page. With a wrong hint the entry may survive, so here it does.
   */
  public static int withLevel(int operation, int level) {
    return operation | level << LEVEL_SHIFT;
  }

  /** True when the operation is for all CPUs. */
  public static boolean isBroadcast(int operation) {
    return (operation & (INNER_SHAREABLE | OUTER_SHAREABLE)) != 0;
  }

  /** What the operation covers. */
  public static int scope(int operation) {
    int scope =
        switch (operation & KIND_MASK) {
          case VMALLE1 -> TlbScope.ALL;
          case ASIDE1 -> TlbScope.ONE_ASID | TlbScope.EVERYWHERE | TlbScope.STRUCTURES;
          case VAE1 -> TlbScope.ONE_ASID | TlbScope.GLOBAL | TlbScope.STRUCTURES_ON_PATH;
          case VAAE1 -> TlbScope.ANY_ASID | TlbScope.GLOBAL | TlbScope.STRUCTURES_ON_PATH;
          case VALE1 -> TlbScope.ONE_ASID | TlbScope.GLOBAL;
          case VAALE1 -> TlbScope.ANY_ASID | TlbScope.GLOBAL;
          default ->
              throw new IllegalArgumentException(
                  "unknown TLBI operation 0x" + Integer.toHexString(operation));
        };
    int level = operation >>> LEVEL_SHIFT;
    return level == 0 ? scope : TlbScope.atLevel(scope, level);
  }

  /** The name of the instruction: {@code VAALE1IS}. */
  public static String describe(int operation) {
    return NAMES[operation & KIND_MASK]
        + ((operation & INNER_SHAREABLE) != 0 ? "IS" : "")
        + ((operation & OUTER_SHAREABLE) != 0 ? "OS" : "");
  }
}
