package org.pagewright.kernel.tablelife;

import java.util.Locale;

/**
 * How an architecture frees user tables in three versions of Linux: {@code __pte_free_tlb()} and
 * the ones above it.
 *
 * @param pte612 lowest tables in 6.12
 * @param upper612 all others in 6.12
 * @param pte70 lowest tables in 7.0
 * @param upper70 all others in 7.0
 */
public record FreeingHistory(FreeMode pte612, FreeMode upper612, FreeMode pte70, FreeMode upper70) {
  /** Reads {@code now/now > rcu/rcu}: 6.12 and 7.0, each lowest tables and others. */
  static FreeingHistory parse(String text) {
    String[] versions = text.split(" > ", -1);
    String[] before = versions[0].split("/", -1);
    String[] after = versions[versions.length - 1].split("/", -1);
    return new FreeingHistory(mode(before[0]), mode(before[1]), mode(after[0]), mode(after[1]));
  }

  private static FreeMode mode(String text) {
    return switch (text) {
      case "now" -> FreeMode.IMMEDIATE;
      case "flush" -> FreeMode.AFTER_FLUSH;
      case "rcu" -> FreeMode.RCU;
      default ->
          throw new IllegalArgumentException(
              "'"
                  + text.toLowerCase(Locale.ROOT)
                  + "' is no way to free; expected now, flush, rcu");
    };
  }

  /** How tables of a level are freed. */
  public FreeMode mode(int level, LinuxVersion version) {
    boolean isOld = version.isBefore(LinuxVersion.V7_0);
    if (level == 1) {
      return isOld ? pte612 : pte70;
    }
    return isOld ? upper612 : upper70;
  }
}
