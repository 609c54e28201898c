package org.pagewright.kernel.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.tlbflush.MmTlb;

/**
 * One address space. Models {@code struct mm_struct} (include/linux/mm_types.h), as far as memory
 * isolation needs it: roots, flags, and what features keep in every address space.
 *
 * <p>What is left out: VMAs, counters of mapped pages.
 */
@SuppressWarnings("EnumOrdinal") // parts are looked up by their kind
public final class Mm {
  /** No such table. */
  public static final long NO_PGD = MmTlb.NO_ROOT;

  /** {@code MMF_LOCAL_REGION_USED}: the mm-local region has tables, or may get them (bit 33). */
  public static final long LOCAL_REGION_USED = 1L << 33;

  /** State that a feature keeps in every address space; each kind belongs to one feature. */
  public enum Part {
    MERMAP,
    LDT,
    LDT_LOCK,
    /** Areas and what is mapped there. */
    VM
  }

  private final MmTlb tlb;
  private final MmTables tables;
  private final @Nullable Object[] parts = new @Nullable Object[Part.values().length];
  private long flags;
  private boolean isDead;

  Mm(MmTlb tlb, EventLog events) {
    this.tlb = tlb;
    this.tables = new MmTables(tlb.contextId(), events);
  }

  /** {@code mm->context.ctx_id}: unique, never used again. */
  public long contextId() {
    return tlb.contextId();
  }

  /** Physical address of the top table that the kernel runs on. */
  public long kernelPgdPa() {
    return tlb.rootPa();
  }

  /** Physical address of the top table that user mode runs on, or {@link #NO_PGD} without PTI. */
  public long userPgdPa() {
    return tlb.userRootPa();
  }

  /** Where its translations may be, and how many flushes they had. */
  public MmTlb tlb() {
    return tlb;
  }

  /** Lock and counters of its user tables. */
  public MmTables tables() {
    return tables;
  }

  /** Whether page-table isolation gives user mode a top table of its own. */
  public boolean isIsolated() {
    return tlb.userRootPa() != NO_PGD;
  }

  public boolean has(long flag) {
    return (flags & flag) != 0;
  }

  public void set(long flag) {
    flags |= flag;
  }

  /** What the feature keeps here; null until it set something. */
  public @Nullable Object part(Part kind) {
    return parts[kind.ordinal()];
  }

  public void setPart(Part kind, @Nullable Object part) {
    parts[kind.ordinal()] = part;
  }

  /** Whether the address space was destroyed; using it again would be our mistake. */
  public boolean isDead() {
    return isDead;
  }

  void markDead() {
    isDead = true;
  }

  @Override
  public String toString() {
    return "mm " + contextId();
  }
}
