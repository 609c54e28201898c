package org.pagewright.kernel.kpkeys;

/**
 * A set of permissions for protection keys. Models {@code KPKEYS_LVL_*} (v5, v6) and the contexts
 * of v7.
 */
public enum KeyLevel {
  /** Reads and writes of ordinary memory; tables can be read. */
  DEFAULT(0x17, 0x8),
  /** Tables can be written too. */
  PGTABLES(0x57, 0x0);

  /** Key of memory that nobody protects. */
  public static final int KEY_DEFAULT = 0;

  /** Key of page tables. */
  public static final int KEY_PGTABLES = 1;

  /** Fields of both keys; what other keys may do is left as it is. */
  static final long POR_MANAGED = 0xff;

  static final int PKRS_MANAGED = 0xf;

  private final long por;
  private final int pkrs;

  KeyLevel(long por, int pkrs) {
    this.por = por;
    this.pkrs = pkrs;
  }

  /** The register that gives this level, with {@code other} keys as they are in it. */
  long register(boolean isArm64, long other) {
    return isArm64 ? (other & ~POR_MANAGED) | por : (other & ~(long) PKRS_MANAGED) | pkrs;
  }
}
