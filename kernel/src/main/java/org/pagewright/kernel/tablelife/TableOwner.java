package org.pagewright.kernel.tablelife;

/**
 * Whose table is constructed: the {@code mm} argument of {@code pagetable_pte_ctor()} and {@code
 * pagetable_pmd_ctor()} (Linux 6.16 and later).
 *
 * @param context number of the address space; 1 is the kernel's own, 0 stands for none
 */
public record TableOwner(Kind kind, long context) {
  /** Kinds of owners. */
  public enum Kind {
    /** A process. */
    USER_MM,
    /** The kernel: its tables are changed under one lock, or none. */
    INIT_MM,
    /** An address space of the kernel's own whose tables are locked as a process's (efi_mm). */
    SPECIAL_MM,
    /** The caller cannot tell and passes NULL, which counts as "not the kernel". */
    UNKNOWN
  }

  /** The kernel's own address space. */
  public static final TableOwner INIT_MM = new TableOwner(Kind.INIT_MM, 1);

  /** A caller that cannot tell. */
  public static final TableOwner UNKNOWN = new TableOwner(Kind.UNKNOWN, 0);

  /** A process. */
  public static TableOwner user(long context) {
    return new TableOwner(Kind.USER_MM, context);
  }

  /** The constructor's only question about the owner: may walkers lock single tables of it? */
  public boolean mayLockTables() {
    return kind != Kind.INIT_MM;
  }
}
