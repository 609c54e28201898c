package org.pagewright.kernel.vm;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Step;

/**
 * The areas that may map the pages of one file, or of one family of anonymous memory. Models the
 * interval trees {@code address_space->i_mmap} and {@code anon_vma->rb_root} (mm/rmap.c) as a list.
 *
 * <p>A family joins all areas that descend from one by splitting, moving and forking: {@code
 * anon_vma->root} with what hangs on it. Its lock is shared by walks and excludes changes, as
 * {@code i_mmap_rwsem} and {@code anon_vma->rwsem} do.
 */
public final class PageUsers {
  /** An area and the address space it is in. */
  record User(AddressSpace space, Area area) {}

  /** Steps that take the lock name the group with this bit. */
  private static final long STEPS = 1L << 58;

  private final int number;
  private final @Nullable FilePages file;
  private final List<User> users = new ArrayList<>();
  private int walks;
  private int moves;

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

  // ---- the lock

  /** Somebody looks for users of a page from here on: no area comes or goes. */
  void beginWalk(Cpu cpu) {
    cpu.step(Step.LOAD, STEPS | number);
    await(cpu, () -> moves == 0);
    walks++;
  }

  void endWalk() {
    walks--;
  }

  /** Waits until nobody looks for users of a page; may sleep. */
  void awaitWalks(Cpu cpu) {
    cpu.step(Step.STORE, STEPS | number);
    await(cpu, () -> walks == 0);
  }

  /** Pages go from one area to another against the order of walks. */
  void beginMove(Cpu cpu) {
    awaitWalks(cpu);
    moves++;
  }

  void endMove() {
    moves--;
  }

  private void await(Cpu cpu, BooleanSupplier mayGoOn) {
    cpu.maySleep();
    if (!mayGoOn.getAsBoolean() && !cpu.waitUntil(new MayGoOn(number, mayGoOn))) {
      cpu.broke(ExecutionRule.LOCK_NEVER_RELEASED, number);
    }
  }

  /** What somebody waits for who wants the lock. */
  private record MayGoOn(int group, BooleanSupplier mayGoOn) implements Interleaving.Condition {
    @Override
    public boolean holds() {
      return mayGoOn.getAsBoolean();
    }

    @Override
    public String describe() {
      return "areas of group " + group;
    }
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
