package org.pagewright.kernel.buddy;

/** Range of memory by what can address it. Models {@code enum zone_type} on x86-64. */
public enum ZoneKind {
  DMA("DMA", 0, 1L << 12, 256),
  DMA32("DMA32", 1, 1L << 20, 256),
  NORMAL("Normal", 2, Long.MAX_VALUE, 32),
  MOVABLE("Movable", 3, Long.MAX_VALUE, 0);

  /** How many kinds there are, the device zone not counted. */
  public static final int KINDS = 4;

  private final String label;
  private final int index;
  private final long endPfn;
  private final int reserveRatio;

  ZoneKind(String label, int index, long endPfn, int reserveRatio) {
    this.label = label;
    this.index = index;
    this.endPfn = endPfn;
    this.reserveRatio = reserveRatio;
  }

  /** The name that /proc prints. */
  public String label() {
    return label;
  }

  /** Position in the order of zones, lowest first. */
  public int index() {
    return index;
  }

  /** First frame above the zone with pages of 4 KiB. */
  public long endPfn() {
    return endPfn;
  }

  /** {@code lowmem_reserve_ratio} of the zone; 0 for none. */
  public int reserveRatio() {
    return reserveRatio;
  }
}
