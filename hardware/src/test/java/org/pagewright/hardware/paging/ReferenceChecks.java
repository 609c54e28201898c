package org.pagewright.hardware.paging;

import java.util.Objects;
import org.pagewright.hardware.paging.ReferenceWalker.Answer;

/** The permission rules of the manuals and their error codes, written once more. */
final class ReferenceChecks {
  private final PagingRegisters r;

  ReferenceChecks(PagingRegisters registers) {
    this.r = registers;
  }

  /** The answer to an access, given what the walk found; changes the answer to a fault. */
  void apply(Answer a, boolean user, boolean write, boolean execute) {
    boolean hardwareMarks = true;
    if (a.kind == null) {
      switch (r.format().architecture()) {
        case X86 -> x86(a, user, write, execute);
        case ARM64 -> {
          arm64(a, user, write, execute);
          hardwareMarks = r.has(Control.HA) || r.has(Control.HD);
        }
        case RISCV -> {
          riscv(a, user, write, execute);
          hardwareMarks = r.has(Control.ADUE);
        }
        case LOONGARCH -> {
          plain(a, user, write, execute);
          if (a.kind == null && write && !a.dirty) {
            deny(a, FaultKind.NOT_DIRTY);
          }
          hardwareMarks = false;
        }
        case POWER -> plain(a, user, write, execute);
        case S390, SPARC -> {
          plain(a, user, write, execute);
          hardwareMarks = false;
        }
      }
    }
    if (a.kind != null || !hardwareMarks) {
      a.updates.clear();
    }
    if (a.kind != null) {
      a.code |= code(a, user, write, execute);
    }
  }

  private static void deny(Answer a, FaultKind kind) {
    a.kind = kind;
  }

  private static boolean granted(Answer a, boolean user, boolean write, boolean execute) {
    if (execute) {
      return user ? a.userExecute : a.kernelExecute;
    }
    if (write) {
      return user ? a.userWrite : a.kernelWrite;
    }
    return user ? a.userRead : a.kernelRead;
  }

  private static void plain(Answer a, boolean user, boolean write, boolean execute) {
    if (!granted(a, user, write, execute)) {
      deny(a, FaultKind.DENIED);
    }
  }

  private void x86(Answer a, boolean user, boolean write, boolean execute) {
    boolean allowed;
    if (user) {
      allowed = granted(a, true, write, execute);
    } else if (execute) {
      allowed = a.kernelExecute && !(a.userPage && r.has(Control.SMEP));
    } else {
      boolean blocked = a.userPage && r.has(Control.SMAP) && !r.has(Control.AC);
      allowed = !blocked && (!write || a.kernelWrite || !r.has(Control.WP));
    }
    boolean keyed = false;
    if (!execute && (a.userPage || !user)) {
      boolean on = r.has(a.userPage ? Control.PKE : Control.PKS);
      int bits = (a.userPage ? r.pkru() : r.pkrs()) >>> (2 * a.pkey) & 3;
      boolean writesBound = user || r.has(Control.WP);
      keyed = on && ((bits & 1) != 0 || ((bits & 2) != 0 && write && writesBound));
    }
    if (!allowed || keyed) {
      deny(a, allowed ? FaultKind.PKEY_DENIED : FaultKind.DENIED);
      a.code = keyed ? 1 << 5 : 0;
    }
  }

  private void arm64(Answer a, boolean user, boolean write, boolean execute) {
    if (!a.accessed && !r.has(Control.HA)) {
      deny(a, FaultKind.ACCESS_FLAG);
      return;
    }
    boolean allowed = granted(a, user, write, execute);
    if (!user && !execute && a.userPage && r.has(Control.PAN)) {
      allowed = false;
    }
    if (!allowed) {
      deny(a, FaultKind.DENIED);
      return;
    }
    if (user ? a.userOverlay : a.kernelOverlay) {
      long por = user ? r.porUser() : r.porKernel();
      int field = (int) (por >>> (4 * a.pkey)) & 15;
      int wanted = execute ? 2 : write ? 4 : 1;
      if (field >= 8 || (field & wanted) == 0) {
        deny(a, FaultKind.PKEY_DENIED);
        return;
      }
    }
    if (write && !a.dirty && !r.has(Control.HD)) {
      deny(a, FaultKind.NOT_DIRTY);
    }
  }

  private void riscv(Answer a, boolean user, boolean write, boolean execute) {
    boolean allowed;
    if (execute) {
      allowed = user ? a.userExecute : a.kernelExecute && !a.userPage;
    } else if (write) {
      allowed = user ? a.userWrite : a.kernelWrite && (!a.userPage || r.has(Control.SUM));
    } else {
      boolean readable = a.kernelRead || (r.has(Control.MXR) && a.kernelExecute);
      allowed = readable && (user ? a.userPage : !a.userPage || r.has(Control.SUM));
    }
    if (!allowed) {
      deny(a, FaultKind.DENIED);
    } else if (!r.has(Control.ADUE) && !a.accessed) {
      deny(a, FaultKind.ACCESS_FLAG);
    } else if (!r.has(Control.ADUE) && write && !a.dirty) {
      deny(a, FaultKind.NOT_DIRTY);
    }
  }

  // ---- error codes ----

  private int code(Answer a, boolean user, boolean write, boolean execute) {
    FaultKind kind = Objects.requireNonNull(a.kind);
    return switch (r.format().architecture()) {
      case X86 -> x86Code(kind, user, write, execute);
      case ARM64 -> arm64Code(kind, a.level, write);
      case RISCV -> {
        boolean access = kind == FaultKind.MACHINE_CHECK || kind == FaultKind.ADDRESS_SIZE;
        yield execute ? (access ? 1 : 12) : write ? (access ? 7 : 15) : access ? 5 : 13;
      }
      default -> -1; // compared by kind and level only
    };
  }

  private int x86Code(FaultKind kind, boolean user, boolean write, boolean execute) {
    return switch (kind) {
      case NOT_CANONICAL, MACHINE_CHECK -> 0;
      default -> {
        int code = kind == FaultKind.NOT_PRESENT ? 0 : 1;
        code += write ? 2 : 0;
        code += user ? 4 : 0;
        code += kind == FaultKind.RESERVED ? 8 : 0;
        yield code + (execute && (r.has(Control.NXE) || r.has(Control.SMEP)) ? 16 : 0);
      }
    };
  }

  private static int arm64Code(FaultKind kind, int level, boolean write) {
    int base =
        switch (kind) {
          case ADDRESS_SIZE -> 0;
          case NOT_CANONICAL, NOT_PRESENT -> 4;
          case ACCESS_FLAG -> 8;
          case MACHINE_CHECK -> 20;
          case DENIED -> 12;
          case PKEY_DENIED -> 12 + FaultCodes.ARM64_OVERLAY;
          case NOT_DIRTY -> 12 + FaultCodes.ARM64_DIRTY;
          case RESERVED, MISALIGNED -> throw new AssertionError(kind);
        };
    int armLevel = kind == FaultKind.NOT_CANONICAL ? 0 : 4 - level;
    return base + armLevel + (write ? 64 : 0);
  }
}
