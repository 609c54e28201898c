package org.pagewright.kernel.vm;

/**
 * What the user half of address spaces depends on.
 *
 * @param hugePages {@code transparent_hugepage=always}: whether faults may map a huge page
 * @param lockedBytesMax RLIMIT_MEMLOCK of every process
 */
public record VmConfig(boolean hugePages, long lockedBytesMax) {
  /** Linux 7.0 as many distributions configure it; 8 MiB may be locked. */
  public static final VmConfig LINUX_7_0 = new VmConfig(/* hugePages= */ true, 8L << 20);

  /** The same without huge pages. */
  public static final VmConfig SMALL_PAGES = LINUX_7_0.withHugePages(false);

  public VmConfig {
    if (lockedBytesMax < 0) {
      throw new IllegalArgumentException("lockedBytesMax: " + lockedBytesMax);
    }
  }

  public VmConfig withHugePages(boolean other) {
    return new VmConfig(other, lockedBytesMax);
  }

  public VmConfig withLockedBytesMax(long other) {
    return new VmConfig(hugePages, other);
  }
}
