package org.pagewright.kernel.secret;

import java.util.List;

/**
 * How memfd_secret keeps its pages out of the direct map.
 *
 * @param name as printed in reports
 * @param enabled the boot parameter {@code secretmem.enable}
 * @param backing where pages come from and how they leave the direct map
 */
public record SecretmemConfig(String name, boolean enabled, Backing backing) {

  /** Where pages come from and how they leave the direct map. */
  public enum Backing {
    /** mm/secretmem.c up to Linux 7.3: each page is removed by its fault. */
    REMOVE_EACH,
    /** v2: zeroed pages of unmapped pageblocks, asked for with a GFP bit. */
    POOLED,
    /** v3, v4 without a mermap: the page cache removes each page. */
    CACHE_SLOW,
    /** v3, v4 with a mermap: the page cache takes unmapped pages and zeroes them. */
    CACHE_FAST
  }

  /** Linux 5.14 to 7.3. */
  public static final SecretmemConfig MAINLINE =
      new SecretmemConfig("mainline", /* enabled= */ true, Backing.REMOVE_EACH);

  /** "mm: Add __GFP_UNMAPPED" v2, March 2026. */
  public static final SecretmemConfig POOLED =
      new SecretmemConfig("v2", /* enabled= */ true, Backing.POOLED);

  /** v4 without MERMAP configured. */
  public static final SecretmemConfig CACHE_SLOW =
      new SecretmemConfig("v4-slow", /* enabled= */ true, Backing.CACHE_SLOW);

  /** v4. */
  public static final SecretmemConfig CACHE_FAST =
      new SecretmemConfig("v4", /* enabled= */ true, Backing.CACHE_FAST);

  /** Every preset, in the order in which they are listed to users. */
  public static List<SecretmemConfig> all() {
    return List.of(MAINLINE, POOLED, CACHE_SLOW, CACHE_FAST);
  }

  /** The preset of that name. */
  public static SecretmemConfig named(String name) {
    for (SecretmemConfig config : all()) {
      if (config.name.equals(name)) {
        return config;
      }
    }
    throw new IllegalArgumentException(
        "no secretmem variant "
            + name
            + "; known: "
            + all().stream().map(SecretmemConfig::name).toList());
  }

  /** The same variant with the boot parameter changed. */
  public SecretmemConfig withEnabled(boolean wanted) {
    return new SecretmemConfig(name, wanted, backing);
  }
}
