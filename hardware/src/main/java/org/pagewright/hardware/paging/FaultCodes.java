package org.pagewright.hardware.paging;

/**
 * The error code that each architecture reports with a fault.
 *
 * <ul>
 *   <li>x86: the page-fault error code; 0 for general protection and machine check.
 *   <li>arm64: bits 6 (WnR) and 5:0 (fault status code) of ESR's ISS, and {@link #ARM64_OVERLAY} or
 *       {@link #ARM64_DIRTY} for what ISS2 says.
 *   <li>RISC-V: the exception cause.
 *   <li>s390: the program interruption code.
 *   <li>Power: DSISR (SRR1 for fetches).
 *   <li>LoongArch: the exception code of ESTAT.
 *   <li>sparc64: the trap type.
 * </ul>
 */
public final class FaultCodes {
  public static final int X86_PRESENT = 1;
  public static final int X86_WRITE = 1 << 1;
  public static final int X86_USER = 1 << 2;
  public static final int X86_RESERVED = 1 << 3;
  public static final int X86_FETCH = 1 << 4;
  public static final int X86_PKEY = 1 << 5;

  public static final int ARM64_WRITE = 1 << 6;

  /** ISS2.Overlay, which stands above the 32 bits of this code. */
  public static final int ARM64_OVERLAY = 1 << 30;

  /** ISS2.DirtyBit, which stands above the 32 bits of this code. */
  public static final int ARM64_DIRTY = 1 << 29;

  private static final int ARM64_LEAF_LEVEL = 4;

  private FaultCodes() {}

  static int of(PagingRegisters registers, FaultKind kind, int level, int access) {
    return switch (registers.format().architecture()) {
      case X86 -> x86(registers, kind, access);
      case ARM64 -> arm64(kind, level, access);
      case RISCV -> riscv(kind, access);
      case S390 -> s390(kind, level);
      case POWER -> power(kind, access);
      case LOONGARCH -> loongarch(kind, access);
      case SPARC -> sparc(kind, access);
    };
  }

  private static int x86(PagingRegisters registers, FaultKind kind, int access) {
    boolean isPageFault = kind != FaultKind.NOT_CANONICAL && kind != FaultKind.MACHINE_CHECK;
    if (!isPageFault) {
      return 0;
    }
    boolean isReserved =
        kind == FaultKind.RESERVED
            || kind == FaultKind.MISALIGNED
            || kind == FaultKind.ADDRESS_SIZE;
    boolean reportsFetch = registers.has(Control.NXE) || registers.has(Control.SMEP);
    return (kind == FaultKind.NOT_PRESENT ? 0 : X86_PRESENT)
        | (Access.isWrite(access) ? X86_WRITE : 0)
        | (Access.isUser(access) ? X86_USER : 0)
        | (isReserved ? X86_RESERVED : 0)
        | (Access.isExecute(access) && reportsFetch ? X86_FETCH : 0);
  }

  private static int arm64(FaultKind kind, int level, int access) {
    int armLevel = level == 0 ? 0 : ARM64_LEAF_LEVEL - level;
    int status =
        switch (kind) {
          case ADDRESS_SIZE -> armLevel;
          case NOT_CANONICAL -> 0x04;
          case NOT_PRESENT, RESERVED, MISALIGNED -> 0x04 | armLevel;
          case ACCESS_FLAG -> 0x08 | armLevel;
          case DENIED -> 0x0c | armLevel;
          case PKEY_DENIED -> 0x0c | armLevel | ARM64_OVERLAY;
          case NOT_DIRTY -> 0x0c | armLevel | ARM64_DIRTY;
          case MACHINE_CHECK -> level == 0 ? 0x10 : 0x14 | armLevel;
        };
    return status | (Access.isWrite(access) ? ARM64_WRITE : 0);
  }

  private static int riscv(FaultKind kind, int access) {
    boolean isAccessFault = kind == FaultKind.MACHINE_CHECK || kind == FaultKind.ADDRESS_SIZE;
    if (Access.isExecute(access)) {
      return isAccessFault ? 1 : 12;
    }
    return Access.isWrite(access) ? (isAccessFault ? 7 : 15) : isAccessFault ? 5 : 13;
  }

  private static int s390(FaultKind kind, int level) {
    return switch (kind) {
      case NOT_CANONICAL -> 0x38; // ASCE type
      case MACHINE_CHECK, ADDRESS_SIZE -> 0x05; // addressing
      case RESERVED, MISALIGNED -> 0x12; // translation specification
      case NOT_PRESENT ->
          switch (level) {
            case 1 -> 0x11; // page translation
            case 2 -> 0x10; // segment translation
            case 3 -> 0x3b; // region third
            case 4 -> 0x3a; // region second
            default -> 0x39; // region first
          };
      case ACCESS_FLAG, DENIED, PKEY_DENIED, NOT_DIRTY -> 0x04; // protection
    };
  }

  private static int power(FaultKind kind, int access) {
    int cause =
        switch (kind) {
          case NOT_CANONICAL, NOT_PRESENT -> 0x40000000; // no translation
          case RESERVED, MISALIGNED, ADDRESS_SIZE -> 0x00080000; // unsupported configuration
          case ACCESS_FLAG, NOT_DIRTY -> 0x00040000; // reference or change bit not set
          case DENIED, PKEY_DENIED -> 0x08000000; // protection
          case MACHINE_CHECK -> 0;
        };
    return cause | (Access.isWrite(access) ? 0x02000000 : 0);
  }

  private static int loongarch(FaultKind kind, int access) {
    return switch (kind) {
      case NOT_CANONICAL, MACHINE_CHECK, ADDRESS_SIZE, RESERVED, MISALIGNED -> 8; // ADE
      case NOT_PRESENT -> Access.isExecute(access) ? 3 : Access.isWrite(access) ? 2 : 1;
      case NOT_DIRTY -> 4; // page modification
      case ACCESS_FLAG -> 1;
      case DENIED, PKEY_DENIED ->
          // Privilege is looked at first by hardware; the cause is refined by the kind of access.
          Access.isUser(access) ? 7 : Access.isExecute(access) ? 6 : Access.isWrite(access) ? 4 : 5;
    };
  }

  private static int sparc(FaultKind kind, int access) {
    boolean isMiss = kind == FaultKind.NOT_PRESENT || kind == FaultKind.NOT_CANONICAL;
    if (Access.isExecute(access)) {
      return isMiss ? 0x64 : 0x08;
    }
    return isMiss ? 0x68 : Access.isWrite(access) && kind == FaultKind.DENIED ? 0x6c : 0x30;
  }
}
