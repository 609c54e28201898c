package org.pagewright.kernel.secret;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.memory.PhysicalMemory;

/**
 * What a write copies from: always a tag of what the bytes are, and the bytes themselves where a
 * caller cares. Models {@code struct iov_iter}.
 */
final class WriteSource {
  private int content;
  private byte @Nullable [] bytes;
  private int position;

  /** Starts a write whose bytes are known by their tag only. */
  void tagged(int newContent) {
    content = newContent;
    bytes = null;
  }

  /** Starts a write of real bytes. */
  void of(int newContent, byte[] newBytes) {
    content = newContent;
    bytes = newBytes;
    position = 0;
  }

  int content() {
    return content;
  }

  /** Copies the next page to where the kernel's mapping of the target leads. */
  void copyPage(PhysicalMemory memory, long pa, int pageBytes) {
    byte[] source = bytes;
    if (source != null) {
      memory.writeBytes(pa, Arrays.copyOfRange(source, position, position + pageBytes));
      position += pageBytes;
    }
  }
}
