package org.pagewright.kernel.tablelife;

/**
 * One level of an architecture: how large a table is and where it comes from.
 *
 * @param entries entries of a table; 1 or less where the level is folded into the one above
 * @param entryBytes bytes of an entry
 * @param unit what a table is made of
 * @param perPage tables that share a page; 1 where a table has pages of its own
 */
public record TableShape(int entries, int entryBytes, Unit unit, int perPage) {
  /** What a table is made of. */
  public enum Unit {
    /** There is no table. */
    FOLDED,
    /** Pages of its own, with a descriptor. */
    PAGE,
    /** A part of a page whose descriptor all parts share. */
    FRAGMENT,
    /** A slab object: no descriptor, no constructor, not counted. */
    SLAB
  }

  static final TableShape NONE = new TableShape(1, 0, Unit.FOLDED, 1);

  /** Reads {@code 512x8}, {@code 64x4/16} (fragments), {@code 4x8s} (slab) or {@code -}. */
  static TableShape parse(String text) {
    if (text.equals("-")) {
      return NONE;
    }
    boolean isSlab = text.endsWith("s");
    String plain = isSlab ? text.substring(0, text.length() - 1) : text;
    int slash = plain.indexOf('/');
    int perPage = slash < 0 ? 1 : Integer.parseInt(plain.substring(slash + 1));
    String size = slash < 0 ? plain : plain.substring(0, slash);
    int times = size.indexOf('x');
    if (times < 0) {
      throw new IllegalArgumentException("'" + text + "' is no table; expected such as 512x8");
    }
    return new TableShape(
        Integer.parseInt(size.substring(0, times)),
        Integer.parseInt(size.substring(times + 1)),
        isSlab ? Unit.SLAB : perPage > 1 ? Unit.FRAGMENT : Unit.PAGE,
        perPage);
  }

  public boolean exists() {
    return unit != Unit.FOLDED;
  }

  /** Bytes of one table. */
  public long bytes() {
    return (long) entries * entryBytes;
  }
}
