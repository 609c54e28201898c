package org.pagewright.kernel.arch;

/** Error numbers of {@code errno-base.h}: kernel functions return 0 or one of these, negated. */
public final class Errno {
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EFAULT = 14;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int ENOSYS = 38;

  private Errno() {}

  /** The usual name of a returned error, or {@code 0}. */
  public static String name(int result) {
    return switch (-result) {
      case 0 -> "0";
      case ENOENT -> "-ENOENT";
      case EINTR -> "-EINTR";
      case EAGAIN -> "-EAGAIN";
      case ENOMEM -> "-ENOMEM";
      case EFAULT -> "-EFAULT";
      case EBUSY -> "-EBUSY";
      case EEXIST -> "-EEXIST";
      case ENODEV -> "-ENODEV";
      case EINVAL -> "-EINVAL";
      case ENFILE -> "-ENFILE";
      case ENOSYS -> "-ENOSYS";
      default -> Integer.toString(result);
    };
  }
}
