package org.pagewright.kernel.alloc;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * Which zones serve a request, in which order. Models zonelists (mm/page_alloc.c, {@code
 * build_zonelists()}): the node's zones from the highest down, then those of the other nodes.
 */
final class ZoneLists {
  private final List<Zone> zones;
  private final Zone[][] byKind = new Zone[ZoneKind.KINDS][];
  private final boolean[] avoidingFragments = new boolean[ZoneKind.KINDS];

  ZoneLists(List<Zone> zones) {
    this.zones = zones;
    for (ZoneKind kind : ZoneKind.values()) {
      Zone[] list = listOf(kind);
      byKind[kind.index()] = list;
      avoidingFragments[kind.index()] = list.length > 0 && hasLowZoneBelow(list);
    }
  }

  private Zone[] listOf(ZoneKind highest) {
    List<Zone> list = new ArrayList<>();
    zones.stream()
        .filter(zone -> zone.kind().index() <= highest.index())
        .sorted(
            Comparator.<Zone>comparingInt(zone -> zone.node())
                .thenComparing(zone -> zone.kind().index(), Comparator.reverseOrder()))
        .forEach(list::add);
    return list.toArray(Zone[]::new);
  }

  /** The zones that a request of a class may use, preferred one first. */
  Zone[] of(ZoneKind highest) {
    return byKind[highest.index()];
  }

  /** Whether a normal zone stands before smaller ones, or alone. */
  private boolean hasLowZoneBelow(Zone[] list) {
    int node = list[0].node();
    boolean isSingleNode = zones.stream().allMatch(zone -> zone.node() == node);
    boolean hasDma32 = list.length > 1 && list[1].kind() == ZoneKind.DMA32;
    return list[0].kind() == ZoneKind.NORMAL && (isSingleNode || hasDma32);
  }

  /** Whether requests of a class first keep types apart; models alloc_flags_nofragment(). */
  boolean avoidsFragments(ZoneKind highest) {
    return avoidingFragments[highest.index()];
  }
}
