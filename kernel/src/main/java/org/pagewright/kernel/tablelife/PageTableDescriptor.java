package org.pagewright.kernel.tablelife;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.SpinLock;

/**
 * What is known of a frame while it is a constructed table. Models {@code struct ptdesc}
 * (include/linux/mm_types.h, Linux 7.0).
 */
public final class PageTableDescriptor {
  private final long pfn;
  private final int level;
  private final int order;
  private final TableOwner owner;
  private final @Nullable SpinLock lock;
  private PageTableDescriptor next = this;
  private PageTableDescriptor previous = this;
  private @Nullable PageTableDescriptor deposit;
  private int sharers;

  PageTableDescriptor(long pfn, int level, int order, TableOwner owner, @Nullable SpinLock lock) {
    this.pfn = pfn;
    this.level = level;
    this.order = order;
    this.owner = owner;
    this.lock = lock;
  }

  /** First frame of the table. */
  public long pfn() {
    return pfn;
  }

  public int level() {
    return level;
  }

  /** Its size: 2^order pages. */
  public int order() {
    return order;
  }

  public TableOwner owner() {
    return owner;
  }

  /** Whether it was marked as a kernel table. Models {@code PT_kernel}. */
  public boolean isKernelTable() {
    return owner.kind() == TableOwner.Kind.INIT_MM;
  }

  /** The table's own lock, or null without one. */
  public @Nullable SpinLock lock() {
    return lock;
  }

  // ---- tables shared by several address spaces

  /** Address spaces that share the table besides its first. Models {@code pt_share_count}. */
  public int sharers() {
    return sharers;
  }

  public void setSharers(int count) {
    assert count >= 0 : count;
    sharers = count;
  }

  // ---- deposited tables

  /** The table deposited last among those that stand behind this one, or null. */
  public @Nullable PageTableDescriptor deposit() {
    return deposit;
  }

  public void setDeposit(@Nullable PageTableDescriptor head) {
    deposit = head;
  }

  /** Joins a ring right behind {@code head}; null begins a ring. */
  public void joinRing(@Nullable PageTableDescriptor head) {
    assert next == this : "frame " + pfn + " is deposited already";
    if (head != null) {
      next = head.next;
      previous = head;
      head.next.previous = this;
      head.next = this;
    }
  }

  /** Leaves its ring; answers the one behind it, or null when it was alone. */
  public @Nullable PageTableDescriptor leaveRing() {
    PageTableDescriptor follower = next;
    previous.next = next;
    next.previous = previous;
    next = this;
    previous = this;
    return follower == this ? null : follower;
  }

  @Override
  public String toString() {
    return "table of level " + level + " in frame " + pfn;
  }
}
