package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;

/**
 * The rules by which one architecture changes attributes of kernel mappings.
 *
 * <p>There are three, chosen by {@link org.pagewright.kernel.arch.ArchPolicy#attributeRules()}:
 * they differ in control flow (what is split, when, under which lock, which aliases follow), not
 * only in bits, so they are classes and not rows of a table.
 */
sealed interface AttributeChanger
    permits ChangePageAttributes, LinearMapAttributes, SplitAllAttributes {

  /**
   * Changes {@code pages} base pages from {@code va} on and flushes as the architecture's function
   * does; may sleep.
   *
   * @return 0 or a negative {@link org.pagewright.kernel.arch.Errno}
   */
  int change(Cpu cpu, AttributeChange what, long va, long pages);

  /**
   * Changes the direct map of {@code pages} base pages from {@code va} on without alias handling
   * and without the final flush, except where the architecture flushes all the same.
   *
   * @param whole whether the caller used the function for many pages (valid_noflush)
   */
  int changeDirect(Cpu cpu, AttributeChange what, long va, long pages, boolean whole);

  /**
   * Gives {@code pages} base pages from {@code va} on another protection key, flushed everywhere.
   *
   * @return 0 or a negative {@link org.pagewright.kernel.arch.Errno}
   */
  int changeKey(Cpu cpu, int key, long va, long pages);
}
