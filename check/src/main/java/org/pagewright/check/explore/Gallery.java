package org.pagewright.check.explore;

import java.util.List;

/** All planted bugs; whoever plants them provides one as a service. */
@FunctionalInterface
public interface Gallery {
  /** Every planted bug, by number in docs/models/gallery.md. */
  List<PlantedBug> planted();
}
