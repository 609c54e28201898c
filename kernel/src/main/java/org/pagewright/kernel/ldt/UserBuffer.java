package org.pagewright.kernel.ldt;

/**
 * Memory of the caller of a system call; each access answers whether it was allowed; one of no
 * bytes always is.
 */
public interface UserBuffer {
  /** Fills {@code to} from the start of the buffer. Models {@code copy_from_user()}. */
  boolean copyIn(byte[] to);

  /** Writes {@code from} to the start of the buffer. Models {@code copy_to_user()}. */
  boolean copyOut(byte[] from);

  /** Zeroes bytes of the buffer. Models {@code clear_user()}. */
  boolean clear(int offset, int bytes);

  /** Memory that may be accessed, and that holds these bytes. */
  static UserBuffer of(byte[] bytes) {
    return new PresentBuffer(bytes);
  }
}
