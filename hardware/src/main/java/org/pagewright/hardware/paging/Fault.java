package org.pagewright.hardware.paging;

/**
 * A failed access, unpacked for reports and for the kernel's fault handlers.
 *
 * <p>{@code level} counts from the leaf (1 = PTE); 0 where no entry was involved. {@code errorCode}
 * is the architecture's own: see {@link FaultCodes}.
 */
public sealed interface Fault {
  long va();

  int level();

  int errorCode();

  /** The address is not in the translated range. */
  record NotCanonical(long va, int level, int errorCode) implements Fault {}

  /** A table or the target lies outside RAM. */
  record MachineCheck(long va, int level, int errorCode) implements Fault {}

  /** No translation: the entry read at {@code level} is not valid. */
  record NotPresent(long va, int level, int errorCode) implements Fault {}

  /** A bit is set that must be zero, or an encoding is reserved. */
  record Reserved(long va, int level, int errorCode) implements Fault {}

  /** The frame of a large page is not aligned to the page's size. */
  record Misaligned(long va, int level, int errorCode) implements Fault {}

  /** An entry points beyond the implemented physical address size. */
  record AddressSize(long va, int level, int errorCode) implements Fault {}

  /** Software must mark the entry accessed. */
  record AccessFlag(long va, int level, int errorCode) implements Fault {}

  /** A translation exists and forbids the access. */
  record Denied(long va, int level, int errorCode) implements Fault {}

  /** A protection key or permission overlay forbids the access. */
  record PkeyDenied(long va, int level, int errorCode) implements Fault {}

  /** Software must mark the entry dirty. */
  record NotDirty(long va, int level, int errorCode) implements Fault {}

  /** Unpacks a fault word, for which {@link Translation#isFault} holds. */
  static Fault of(long translation, long va) {
    if (!Translation.isFault(translation)) {
      throw new IllegalArgumentException("no fault: " + Translation.describe(translation));
    }
    int level = Translation.faultLevel(translation);
    int code = Translation.errorCode(translation);
    return switch (Translation.faultKind(translation)) {
      case NOT_CANONICAL -> new NotCanonical(va, level, code);
      case MACHINE_CHECK -> new MachineCheck(va, level, code);
      case NOT_PRESENT -> new NotPresent(va, level, code);
      case RESERVED -> new Reserved(va, level, code);
      case MISALIGNED -> new Misaligned(va, level, code);
      case ADDRESS_SIZE -> new AddressSize(va, level, code);
      case ACCESS_FLAG -> new AccessFlag(va, level, code);
      case DENIED -> new Denied(va, level, code);
      case PKEY_DENIED -> new PkeyDenied(va, level, code);
      case NOT_DIRTY -> new NotDirty(va, level, code);
    };
  }
}
