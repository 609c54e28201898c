package org.pagewright.hardware.paging;

/**
 * Which bits of an entry grant which right, as masks over {@code entry ^ inverted}, where a set bit
 * always grants.
 *
 * <p>A right is granted when all bits of its mask are set. A mask of zero grants always, except
 * {@code userPage}, {@code global} and the overlays, which it then grants never.
 *
 * @param inverted bits that deny when set, such as x86's XD and arm64's AP[2]
 * @param pkeyShift position of the protection key
 * @param pkeyMask width of the protection key as a mask; zero for none
 */
public record PermissionBits(
    long inverted,
    long kernelRead,
    long kernelWrite,
    long kernelExecute,
    long userRead,
    long userWrite,
    long userExecute,
    long global,
    long dirty,
    long accessed,
    long userPage,
    int pkeyShift,
    int pkeyMask) {

  /** Grants everything whatever the entry says: for tables that hold no permissions. */
  static final PermissionBits NONE = new PermissionBits(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** The rights that an entry grants. */
  int rights(long entry) {
    long positive = entry ^ inverted;
    return granted(positive, kernelRead, Rights.KERNEL_READ)
        | granted(positive, kernelWrite, Rights.KERNEL_WRITE)
        | granted(positive, kernelExecute, Rights.KERNEL_EXECUTE)
        | granted(positive, userRead, Rights.USER_READ)
        | granted(positive, userWrite, Rights.USER_WRITE)
        | granted(positive, userExecute, Rights.USER_EXECUTE)
        | granted(positive, dirty, Rights.DIRTY)
        | granted(positive, accessed, Rights.ACCESSED)
        | (global == 0 ? 0 : granted(positive, global, Rights.GLOBAL))
        | (userPage == 0 ? 0 : granted(positive, userPage, Rights.USER_PAGE));
  }

  private static int granted(long positive, long mask, int right) {
    return (positive & mask) == mask ? right : 0;
  }

  /**
   * The bits of an entry that grants these rights and, as far as bits are independent, no others.
   */
  long encode(int rights) {
    long positive =
        masks(rights)
            | bits(rights, Rights.GLOBAL, global)
            | bits(rights, Rights.ACCESSED, accessed)
            | bits(rights, Rights.USER_PAGE, userPage)
            | bits(rights, Rights.DIRTY, dirtyOnly());
    return positive ^ (inverted & used());
  }

  /** The bits to clear in {@code entry ^ inverted} so that no more than these rights are kept. */
  long denying(int rights) {
    return masks(~rights) & ~masks(rights);
  }

  private long masks(int rights) {
    return bits(rights, Rights.KERNEL_READ, kernelRead)
        | bits(rights, Rights.KERNEL_WRITE, kernelWrite)
        | bits(rights, Rights.KERNEL_EXECUTE, kernelExecute)
        | bits(rights, Rights.USER_READ, userRead)
        | bits(rights, Rights.USER_WRITE, userWrite)
        | bits(rights, Rights.USER_EXECUTE, userExecute);
  }

  /** The rights that a table entry lets through, {@link Rights#GLOBAL} meaning "not global". */
  int kept(long positive) {
    return granted(positive, kernelRead, Rights.KERNEL_READ)
        | granted(positive, kernelWrite, Rights.KERNEL_WRITE)
        | granted(positive, kernelExecute, Rights.KERNEL_EXECUTE)
        | granted(positive, userRead, Rights.USER_READ)
        | granted(positive, userWrite, Rights.USER_WRITE)
        | granted(positive, userExecute, Rights.USER_EXECUTE)
        | granted(positive, global, Rights.GLOBAL)
        | granted(positive, accessed, Rights.ACCESSED)
        | granted(positive, userPage, Rights.USER_PAGE)
        | Rights.DIRTY
        | Rights.KERNEL_OVERLAY
        | Rights.USER_OVERLAY;
  }

  /** Dirty where it is a bit of its own; arm64's is the write permission itself. */
  private long dirtyOnly() {
    return dirty & ~kernelWrite;
  }

  private static long bits(int rights, int right, long mask) {
    return (rights & right) != 0 ? mask : 0;
  }

  /** All bits that any right looks at. */
  long used() {
    return kernelRead
        | kernelWrite
        | kernelExecute
        | userRead
        | userWrite
        | userExecute
        | global
        | dirty
        | accessed
        | userPage;
  }

  PermissionBits withGlobal(long mask) {
    return new PermissionBits(
        inverted,
        kernelRead,
        kernelWrite,
        kernelExecute,
        userRead,
        userWrite,
        userExecute,
        mask,
        dirty,
        accessed,
        userPage,
        pkeyShift,
        pkeyMask);
  }

  /** Without the execute permission bits, as x86 with EFER.NXE clear: everything may execute. */
  PermissionBits withoutExecute(long ignored) {
    return new PermissionBits(
        inverted & ~ignored,
        kernelRead,
        kernelWrite,
        kernelExecute & ~ignored,
        userRead,
        userWrite,
        userExecute & ~ignored,
        global,
        dirty,
        accessed,
        userPage,
        pkeyShift,
        pkeyMask);
  }
}
