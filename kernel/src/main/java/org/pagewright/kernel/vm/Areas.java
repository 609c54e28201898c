package org.pagewright.kernel.vm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The areas of one address space, sorted and disjoint. Models the VMA tree of {@code mm_struct}
 * (lib/maple_tree.c, mm/vma.c) as an array: there are few of them.
 */
public final class Areas {
  /** {@code sysctl_max_map_count}. */
  static final int AREAS_MAX = 65530;

  private final List<Area> sorted = new ArrayList<>();

  Areas() {}

  /** The area that holds {@code va}, or null. */
  public @Nullable Area find(long va) {
    int at = firstEndingAbove(va);
    return at < sorted.size() && sorted.get(at).contains(va) ? sorted.get(at) : null;
  }

  /** Whether no area touches the range. */
  boolean isFree(long from, long to) {
    int at = firstEndingAbove(from);
    return at == sorted.size() || sorted.get(at).from() >= to;
  }

  /** Whether areas cover every address of the range. */
  boolean covers(long from, long to) {
    long va = from;
    for (int at = firstEndingAbove(from); va < to; at++) {
      if (at == sorted.size() || sorted.get(at).from() > va) {
        return false;
      }
      va = sorted.get(at).to();
    }
    return true;
  }

  /** The areas that touch the range, in order; a copy, so the caller may change the areas. */
  List<Area> touching(long from, long to) {
    List<Area> found = new ArrayList<>();
    for (int at = firstEndingAbove(from); at < sorted.size() && sorted.get(at).from() < to; at++) {
      found.add(sorted.get(at));
    }
    return found;
  }

  /** Index of the first area that ends above {@code va}. */
  int firstEndingAbove(long va) {
    int low = 0;
    int high = sorted.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted.get(middle).to() > va) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  void add(Area area) {
    assert isFree(area.from(), area.to()) : area;
    sorted.add(firstEndingAbove(area.from()), area);
  }

  void remove(Area area) {
    boolean wasThere = sorted.remove(area);
    assert wasThere : area;
  }

  Area at(int index) {
    return sorted.get(index);
  }

  public int size() {
    return sorted.size();
  }

  /** All of them, in order. */
  public List<Area> all() {
    return List.copyOf(sorted);
  }

  /** Highest free range of {@code bytes} below {@code ceiling}, as mmap looks for one; -1: none. */
  long highestGap(long bytes, long align, long floor, long ceiling) {
    long top = ceiling;
    for (int i = sorted.size() - 1; i >= -1; i--) {
      long bottom = i < 0 ? floor : Math.max(floor, sorted.get(i).to());
      long start = top - bytes & -align;
      if (start >= bottom && start < top) {
        return start;
      }
      if (i >= 0) {
        top = Math.min(top, sorted.get(i).from());
      }
    }
    return -1;
  }

  /** End of the area before {@code from}, or {@code floor}. */
  long endBefore(long from, long floor) {
    int at = firstEndingAbove(from - 1);
    int before = at < sorted.size() && sorted.get(at).from() < from ? at : at - 1;
    return before < 0 ? floor : Math.max(floor, sorted.get(before).to());
  }

  /** Start of the first area at or above {@code to}, or {@code ceiling}. */
  long startAfter(long to, long ceiling) {
    int at = firstEndingAbove(to);
    return at == sorted.size() ? ceiling : sorted.get(at).from();
  }
}
