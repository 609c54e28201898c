package org.pagewright.kernel.vm;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.Access;

/**
 * A range of user addresses with one kind of contents and one protection. Models {@code struct
 * vm_area_struct} (include/linux/mm_types.h).
 */
public final class Area {
  private final Backing backing;
  private final boolean isShared;
  private long from;
  private long to;
  private long firstIndex;
  private int access;
  private @Nullable PageUsers family;

  /**
   * An area that is in no address space yet.
   *
   * @param access bits of {@link Access}; 0 is {@code PROT_NONE}
   * @param firstIndex index of its first page in what backs it; of anonymous memory the address it
   *     was first mapped at, in pages
   */
  Area(long from, long to, int access, boolean isShared, Backing backing, long firstIndex) {
    this.from = from;
    this.to = to;
    this.access = access;
    this.isShared = isShared;
    this.backing = backing;
    this.firstIndex = firstIndex;
  }

  public long from() {
    return from;
  }

  public long to() {
    return to;
  }

  /** Allowed accesses, as bits of {@link Access}. */
  public int access() {
    return access;
  }

  /** Whether stores are seen by everybody who maps the same ({@code MAP_SHARED}). */
  public boolean isShared() {
    return isShared;
  }

  public Backing backing() {
    return backing;
  }

  /** Whether pages that are written become the process's own. */
  boolean copiesOnWrite() {
    return !isShared;
  }

  /** The file of huge pages that it maps, or null. */
  SharedTables.@Nullable HugeFile hugeFile() {
    return backing instanceof SharedTables.HugeFile file ? file : null;
  }

  boolean isAnonymous() {
    return backing.isAnonymous();
  }

  boolean allows(int wanted) {
    int kinds = wanted & (Access.READ | Access.WRITE | Access.EXECUTE);
    return (access & kinds) == kinds;
  }

  boolean isWritable() {
    return (access & Access.WRITE) != 0;
  }

  /** Index of the page at {@code va} in what backs the area. */
  long index(long va, int pageShift) {
    return firstIndex + ((va - from) >>> pageShift);
  }

  /** Address of the page with that index; it may lie outside the area. */
  long va(long index, int pageShift) {
    return from + ((index - firstIndex) << pageShift);
  }

  boolean contains(long va) {
    return Long.compareUnsigned(va - from, to - from) < 0;
  }

  /** Who may map its anonymous pages; null until the first one. */
  @Nullable PageUsers family() {
    return family;
  }

  /** Where those who look for the users of its pages find it. */
  List<PageUsers> allUsers() {
    return Stream.of(backing.users(), family).filter(Objects::nonNull).toList();
  }

  void setFamily(@Nullable PageUsers family) {
    this.family = family;
  }

  void setAccess(int access) {
    this.access = access;
  }

  void setTo(long end) {
    to = end;
  }

  /** Gives up everything below {@code start}. */
  void setFrom(long start, int pageShift) {
    firstIndex = index(start, pageShift);
    from = start;
  }

  /** The same area for other addresses, in no list yet. */
  Area at(long otherFrom, long otherTo, long otherFirstIndex) {
    Area copy = new Area(otherFrom, otherTo, access, isShared, backing, otherFirstIndex);
    copy.family = family;
    return copy;
  }

  /** Whether {@code next} goes on where this one ends, in every respect. */
  boolean isContinuedBy(Area next, int pageShift) {
    return to == next.from
        && access == next.access
        && isShared == next.isShared
        && backing.equals(next.backing)
        && (family == next.family || family == null || next.family == null)
        && index(to, pageShift) == next.firstIndex;
  }

  @Override
  public String toString() {
    return "%x-%x %s%s%s%s %s"
        .formatted(
            from,
            to,
            (access & Access.READ) != 0 ? "r" : "-",
            (access & Access.WRITE) != 0 ? "w" : "-",
            (access & Access.EXECUTE) != 0 ? "x" : "-",
            isShared ? "s" : "p",
            backing.label());
  }
}
