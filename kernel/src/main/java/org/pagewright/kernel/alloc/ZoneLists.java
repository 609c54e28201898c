package org.pagewright.kernel.alloc;

import java.util.Comparator;
import java.util.List;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * Which zones serve a request, in which order. Models zonelists (mm/page_alloc.c, {@code
 * build_zonelists()}): the node's zones from the highest down, then those of the other nodes.
 *
 * <p>All other nodes are equally far, so those with the next numbers come first. CPUs belong to
 * nodes in equal shares, in the order of their numbers. A caller may name the place where its
 * request begins instead: a node, or the one zone that is to serve it.
 */
final class ZoneLists {
  /** The place of a request that begins on its CPU's node. */
  static final int ANY_ZONE = -1;

  private final List<Zone> zones;
  private final int nodes;
  private final int[] nodeOfCpu;

  /** By node, then by kind, then all nodes or that one only, for {@code __GFP_THISNODE}. */
  private final ZoneList[] ofNodes;

  /** By zone, then by kind: that zone alone, where the kind allows it. */
  private final ZoneList[] ofZones;

  ZoneLists(List<Zone> zones, int cpus) {
    this.zones = zones;
    this.nodes = 1 + zones.stream().mapToInt(Zone::node).max().orElseThrow();
    this.nodeOfCpu = new int[cpus];
    for (int cpu = 0; cpu < cpus; cpu++) {
      nodeOfCpu[cpu] = cpu * nodes / cpus;
    }
    this.ofNodes = new ZoneList[2 * nodes * ZoneKind.KINDS];
    this.ofZones = new ZoneList[zones.size() * ZoneKind.KINDS];
    for (ZoneKind highest : ZoneKind.values()) {
      for (int node = 0; node < nodes; node++) {
        addNode(node, highest);
      }
      for (Zone zone : zones) {
        addZone(zone, highest);
      }
    }
  }

  private void addNode(int node, ZoneKind highest) {
    int at = 2 * (node * ZoneKind.KINDS + highest.index());
    List<Zone> all = walk(node, highest, nodes);
    List<Zone> own = walk(node, highest, /* nodesAllowed= */ 1);
    boolean avoidsFragments = hasLowZoneBelow(all);
    ofNodes[at] = new ZoneList(all, highest, avoidsFragments, /* isChosen= */ false);
    ofNodes[at + 1] = new ZoneList(own, highest, avoidsFragments, /* isChosen= */ false);
  }

  private void addZone(Zone zone, ZoneKind highest) {
    List<Zone> all = walk(zone.node(), highest, nodes);
    List<Zone> alone = all.contains(zone) ? List.of(zone) : List.of();
    ofZones[zone.id() * ZoneKind.KINDS + highest.index()] =
        new ZoneList(alone, highest, hasLowZoneBelow(all), /* isChosen= */ true);
  }

  private List<Zone> walk(int node, ZoneKind highest, int nodesAllowed) {
    return zones.stream()
        .filter(zone -> zone.kind().index() <= highest.index())
        .filter(zone -> distance(node, zone) < nodesAllowed)
        .sorted(
            Comparator.<Zone>comparingInt(zone -> distance(node, zone))
                .thenComparing(zone -> zone.kind().index(), Comparator.reverseOrder()))
        .toList();
  }

  private int distance(int node, Zone zone) {
    return Math.floorMod(zone.node() - node, nodes);
  }

  /** Whether a normal zone stands before smaller ones, or alone. */
  private boolean hasLowZoneBelow(List<Zone> list) {
    if (list.isEmpty() || list.getFirst().kind() != ZoneKind.NORMAL) {
      return false;
    }
    int node = list.getFirst().node();
    boolean isSingleNode = zones.stream().allMatch(zone -> zone.node() == node);
    boolean hasDma32 =
        list.size() > 1 && list.get(1).kind() == ZoneKind.DMA32 && list.get(1).node() == node;
    return isSingleNode || hasDma32;
  }

  int nodes() {
    return nodes;
  }

  /** Names a node as the place where a request begins, and finds the node of such a name. */
  static int onNode(int node) {
    return -2 - node;
  }

  /**
   * The zones that a request may use, preferred one first.
   *
   * @param place a zone's number, {@link #onNode a node} or {@link #ANY_ZONE}
   */
  ZoneList of(int cpu, int place, int gfp) {
    int kind = Gfp.zoneIndex(gfp);
    if (place > ANY_ZONE) {
      return ofZones[place * ZoneKind.KINDS + kind];
    }
    int node = place == ANY_ZONE ? nodeOfCpu[cpu] : onNode(place);
    int isOwn = (gfp & Gfp.THISNODE) >>> Integer.numberOfTrailingZeros(Gfp.THISNODE);
    return ofNodes[2 * (node * ZoneKind.KINDS + kind) + isOwn];
  }
}
