package org.pagewright.kernel.vm;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/**
 * What the pages of an area come from. Models {@code vm_operations_struct} with its {@code
 * fault()}, {@code open()} and {@code close()} (include/linux/mm.h).
 */
public interface Backing {
  /** Zeroed memory of the process's own. */
  Backing ANONYMOUS =
      new Backing() {
        @Override
        public long fault(Cpu cpu, long index) {
          throw new IllegalStateException("anonymous memory comes from the allocator");
        }

        @Override
        public boolean isAnonymous() {
          return true;
        }

        @Override
        public String label() {
          return "anonymous";
        }
      };

  /**
   * The frame of a page, with a reference for the caller if frames of it are counted; may sleep.
   *
   * @return a frame or a negative error
   */
  long fault(Cpu cpu, long index);

  /** Who maps it; null where nobody has to find them. */
  default @Nullable PageUsers users() {
    return null;
  }

  /** Another area maps it. */
  default void open(Cpu cpu) {}

  /** An area maps it no more, and no translation of it is left. */
  default void close(Cpu cpu) {}

  /** Whether pages are the process's own from the beginning. */
  default boolean isAnonymous() {
    return false;
  }

  /** Whether its pages are locked in memory and count against RLIMIT_MEMLOCK. */
  default boolean isLocked() {
    return false;
  }

  /** A word for lists. */
  String label();
}
