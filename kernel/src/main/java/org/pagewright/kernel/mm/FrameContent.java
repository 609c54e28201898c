package org.pagewright.kernel.mm;

/**
 * What a frame's bytes are, as a tag of {@link org.pagewright.hardware.memory.FrameTags}: a kind
 * and who it belongs to, packed.
 *
 * <p>Tags make leaks visible without bytes: a frame that says "secret of file 3" while somebody
 * else owns it was not cleaned.
 */
public final class FrameContent {
  /** Whatever was there at boot. */
  public static final int UNKNOWN = 0;

  /** All bytes are zero. */
  public static final int ZERO = 1 << 24;

  private static final int SECRET = 2 << 24;
  private static final int KIND = 0xff << 24;
  private static final int OWNER = ~KIND;

  private FrameContent() {}

  /** Bytes that only the users of a file may see. */
  public static int secretOf(int file) {
    assert (file & KIND) == 0 : file;
    return SECRET | file;
  }

  public static boolean isSecret(int content) {
    return (content & KIND) == SECRET;
  }

  /** The file whose secret it is. */
  public static int file(int content) {
    assert isSecret(content) : content;
    return content & OWNER;
  }

  /** For messages: {@code secret of file 3}. */
  public static String describe(int content) {
    return switch (content & KIND) {
      case UNKNOWN -> content == UNKNOWN ? "unknown" : "content " + content;
      case ZERO -> "zero";
      case SECRET -> "secret of file " + file(content);
      default -> "content 0x" + Integer.toHexString(content);
    };
  }
}
