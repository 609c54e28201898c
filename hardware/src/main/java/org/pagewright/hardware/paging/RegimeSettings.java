package org.pagewright.hardware.paging;

/**
 * The settings of control registers that shape a {@link Regime}.
 *
 * @param root 0 for the first root register, 1 for the second
 * @param inputBits width of the translated range (arm64: 64 - TxSZ)
 * @param noExecute bit 63 means no-execute (x86 EFER.NXE); true on all other architectures
 * @param isDisabled no walks from this root (arm64 EPD0, EPD1)
 * @param topByteIgnored bits 63:56 of an address do not count (arm64 TBI)
 * @param hierarchyIgnored tables restrict nothing (arm64 HPD; implied by PIE)
 * @param hardwareDirty an entry with DBM counts as writable (arm64 HD)
 * @param executeOnlyIsUser pages that user mode may only execute count as user pages (arm64 EPAN)
 * @param pie permissions are looked up in {@code pirKernel} and {@code pirUser}
 * @param kernelOverlay overlays apply to kernel accesses
 * @param userOverlay overlays apply to user accesses
 * @param pirKernel arm64 PIR_EL1
 * @param pirUser arm64 PIRE0_EL1
 */
record RegimeSettings(
    int root,
    int inputBits,
    boolean noExecute,
    boolean isDisabled,
    boolean topByteIgnored,
    boolean hierarchyIgnored,
    boolean hardwareDirty,
    boolean executeOnlyIsUser,
    boolean pie,
    boolean kernelOverlay,
    boolean userOverlay,
    long pirKernel,
    long pirUser) {

  /** What a 4-bit field of PIR or PIRE0 grants: bits 2:0 are {@link Access} kinds. */
  private static final int[] INDIRECT_RIGHTS = {
    /* 0, overlaid: none, R, X, RX */ 0, 1, 4, 5,
    /* 4, overlaid: reserved, RW, RW without X, RWX */ 0, 3, 3, 7,
    /* 8, plain: R, guarded control stack, RX, reserved */ 1, 1, 5, 0,
    /* 12, plain: RW, reserved, RWX, reserved */ 3, 0, 7, 0,
  };

  private static final int FIRST_WITHOUT_OVERLAY = 8;
  private static final int FIELD_BITS = 4;

  /** The rights of a leaf under these settings. */
  int leafRights(PermissionBits bits, long entry) {
    return pie ? indirect(bits, entry) : direct(bits, entry);
  }

  /** The rights as they are left over by the tables, with what follows from them. */
  int consequences(int rights) {
    boolean isUser =
        (executeOnlyIsUser && (rights & Rights.USER_EXECUTE) != 0)
            || (pie && (rights & (Rights.USER_READ | Rights.USER_WRITE)) != 0);
    return isUser ? rights | Rights.USER_PAGE : rights;
  }

  private int direct(PermissionBits bits, long entry) {
    int rights = bits.rights(entry);
    if (hardwareDirty && (entry & Arm64Formats.DIRTY_BIT_MODIFIER) != 0) {
      rights =
          (bits.rights(entry & ~Arm64Formats.AP_READ_ONLY) & ~Rights.DIRTY)
              | (rights & Rights.DIRTY);
    }
    return rights
        | (kernelOverlay ? Rights.KERNEL_OVERLAY : 0)
        | (userOverlay ? Rights.USER_OVERLAY : 0);
  }

  private int indirect(PermissionBits bits, long entry) {
    int flags = Rights.GLOBAL | Rights.DIRTY | Rights.ACCESSED;
    int index =
        (int)
            ((entry >>> (54 - 3) & 8) // UXN
                | (entry >>> (53 - 2) & 4) // PXN
                | (entry >>> (51 - 1) & 2) // DBM
                | (entry >>> 6 & 1)); // AP[1]
    int kernel = (int) (pirKernel >>> (index * FIELD_BITS)) & 15;
    int user = (int) (pirUser >>> (index * FIELD_BITS)) & 15;
    return (bits.rights(entry) & flags)
        | INDIRECT_RIGHTS[kernel]
        | INDIRECT_RIGHTS[user] << Rights.USER_SHIFT
        | (kernelOverlay && kernel < FIRST_WITHOUT_OVERLAY ? Rights.KERNEL_OVERLAY : 0)
        | (userOverlay && user < FIRST_WITHOUT_OVERLAY ? Rights.USER_OVERLAY : 0);
  }
}
