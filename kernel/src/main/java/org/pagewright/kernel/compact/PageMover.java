package org.pagewright.kernel.compact;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/**
 * Knows who uses a frame, and moves it elsewhere for them. Models the two halves of {@code
 * migrate_folio_unmap()} and {@code migrate_folio_move()} (mm/migrate.c) around the copy of the
 * content.
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
   * pinned.
   */
  boolean detach(@Nullable Cpu cpu, long pfn, int order);

  /** Lets everybody use the copy instead; the old frames are free afterwards. */
  void attach(@Nullable Cpu cpu, long fromPfn, long toPfn, int order);
}
