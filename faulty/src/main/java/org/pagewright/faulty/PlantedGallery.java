package org.pagewright.faulty;

import java.util.List;
import org.pagewright.check.explore.Gallery;
import org.pagewright.check.explore.PlantedBug;

/** How the command line finds the planted bugs. */
public final class PlantedGallery implements Gallery {
  @Override
  public List<PlantedBug> planted() {
    return PlantedBugs.all();
  }
}
