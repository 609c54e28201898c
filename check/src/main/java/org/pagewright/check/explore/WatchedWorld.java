package org.pagewright.check.explore;

import java.util.List;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;

/** A world in which the oracles of one kernel say what is wrong. */
public interface WatchedWorld extends World {
  Oracles oracles();

  @Override
  default List<Violation> violations() {
    return oracles().violations();
  }

  @Override
  default List<Violation> inspect() {
    return oracles().inspect();
  }
}
