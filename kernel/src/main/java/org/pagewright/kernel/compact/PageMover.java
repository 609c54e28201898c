package org.pagewright.kernel.compact;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/**
 * Knows who uses a frame, and moves it elsewhere for them. Models what {@code migrate_pages()}
 * (mm/migrate.c) does around the copy of the content: several blocks are taken away from their
 * users, one flush follows for all of them, and then each is copied and given to its users again.
 */
public interface PageMover {
  /** Knows nobody: nothing can be moved. */
  PageMover NOBODY =
      new PageMover() {
        @Override
        public boolean detach(@Nullable Cpu cpu, long pfn, int order) {
          return false;
        }

        @Override
        public void attach(@Nullable Cpu cpu, long fromPfn, long toPfn, int order) {
          throw new IllegalStateException("nothing was detached");
        }
      };

  /**
   * Takes a block away from everybody who could change it; false if it cannot be, as when it is
   * pinned, or is not known here. Translation caches may hold it until {@link #flush}.
   */
  boolean detach(@Nullable Cpu cpu, long pfn, int order);

  /** Makes sure that no translation cache holds what this CPU has detached. */
  default void flush(@Nullable Cpu cpu) {}

  /**
   * Makes the copy the one that counts; false if somebody got hold of the old block meanwhile, and
   * then everybody uses the old one again. Models {@code folio_migrate_mapping()}.
   */
  default boolean transfer(@Nullable Cpu cpu, long fromPfn, long toPfn, int order) {
    return true;
  }

  /** Lets everybody use the copy instead. */
  void attach(@Nullable Cpu cpu, long fromPfn, long toPfn, int order);

  /** Gives the old block up: true if it is the caller's to free, false if somebody else's. */
  default boolean release(@Nullable Cpu cpu, long pfn, int order) {
    return true;
  }
}
