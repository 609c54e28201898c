package org.pagewright.kernel.buddy;

/**
 * Whether free blocks of two pageblocks may become one. Models what {@code __free_one_page()} asks
 * from the order of a pageblock on.
 */
@FunctionalInterface
public interface MergeRule {
  /** Linux's rule: equal freetypes, or mergeable ones with equal flags. */
  MergeRule LINUX = Freetype::canMerge;

  boolean canMerge(int freetype, int other);
}
