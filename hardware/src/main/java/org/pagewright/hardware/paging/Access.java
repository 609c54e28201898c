package org.pagewright.hardware.paging;

/**
 * What a memory access wants, as bits of an {@code int}: exactly one of read, write and execute,
 * with {@link #USER} when it is made in user mode.
 */
public final class Access {
  public static final int READ = 1;
  public static final int WRITE = 1 << 1;
  public static final int EXECUTE = 1 << 2;

  /** The access is made with user privilege; without it, with the kernel's. */
  public static final int USER = 1 << 3;

  private static final int KINDS = READ | WRITE | EXECUTE;

  private Access() {}

  public static boolean isUser(int access) {
    return (access & USER) != 0;
  }

  public static boolean isWrite(int access) {
    return (access & WRITE) != 0;
  }

  public static boolean isExecute(int access) {
    return (access & EXECUTE) != 0;
  }

  /** The right of {@link Rights} that the access needs. */
  static int needed(int access) {
    return (access & KINDS) << (((access & USER) >>> 3) * Rights.USER_SHIFT);
  }

  /** For messages: {@code kernel write}. */
  public static String describe(int access) {
    String kind = isWrite(access) ? "write" : isExecute(access) ? "execute" : "read";
    return (isUser(access) ? "user " : "kernel ") + kind;
  }
}
