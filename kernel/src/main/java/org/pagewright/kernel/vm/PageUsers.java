package org.pagewright.kernel.vm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The areas that may map the pages of one file, or of one family of anonymous memory. Models the
 * interval trees {@code address_space->i_mmap} and {@code anon_vma->rb_root} (mm/rmap.c) as a list.
 *
 * <p>A family joins all areas that descend from one by splitting, moving and forking: {@code
 * anon_vma->root} with what hangs on it. Left out: the lock of the tree. Whoever walks the list
 * does so without a step in between.
 */
public final class PageUsers {
  /** An area and the address space it is in. */
  record User(AddressSpace space, Area area) {}

  private final int number;
  private final @Nullable FilePages file;
  private final List<User> users = new ArrayList<>();

  PageUsers(int number, @Nullable FilePages file) {
    this.number = number;
    this.file = file;
  }

  int number() {
    return number;
  }

  /** The file; null for anonymous memory. */
  @Nullable FilePages file() {
    return file;
  }

  void add(AddressSpace space, Area area) {
    users.add(new User(space, area));
  }

  void remove(Area area) {
    users.removeIf(user -> user.area() == area);
  }

  boolean isEmpty() {
    return users.isEmpty();
  }

  /** Those whose area holds the page with that index, at this instant. */
  List<User> ofPage(long index, int pageShift) {
    List<User> found = new ArrayList<>();
    for (User user : users) {
      long va = user.area().va(index, pageShift);
      if (user.area().contains(va)) {
        found.add(user);
      }
    }
    return found;
  }

  /** All of them, at this instant. */
  List<User> all() {
    return List.copyOf(users);
  }
}
