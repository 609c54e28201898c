package org.pagewright.kernel.alloc;

import java.util.List;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * The zones that requests of a class walk, and how. Models a {@code struct zonelist} cut off at the
 * class's highest zone, with what a request derives from it.
 */
final class ZoneList {
  final Zone[] zones;

  /** {@link ZoneKind#index} of the highest zone; says which reserves of lower ones are barred. */
  final int classIndex;

  /** Whether requests first keep types apart; models alloc_flags_nofragment(). */
  final boolean avoidsFragments;

  /** Whether somebody chose the zone already, so that its watermarks have no say. */
  final boolean isChosen;

  ZoneList(List<Zone> zones, ZoneKind highest, boolean avoidsFragments, boolean isChosen) {
    this.zones = zones.toArray(Zone[]::new);
    this.classIndex = highest.index();
    this.avoidsFragments = avoidsFragments;
    this.isChosen = isChosen;
  }

  /** Node of the zone that comes first. */
  int preferredNode() {
    return zones[0].node();
  }
}
