package org.pagewright.kernel.alloc;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * Which zones serve a request, in which order. Models zonelists (mm/page_alloc.c, {@code
 * build_zonelists()}): the node's zones from the highest down, then those of the other nodes.
 *
 * <p>All other nodes are equally far, so those with the next numbers come first. CPUs belong to
 * nodes in equal shares, in the order of their numbers.
 */
final class ZoneLists {
  private final List<Zone> zones;
  private final int nodes;
  private final int[] nodeOfCpu;

  /** By node, then by kind, then all nodes or that one only, for {@code __GFP_THISNODE}. */
  private final Zone[][] lists;

  private final boolean[] avoidingFragments;

  ZoneLists(List<Zone> zones, int cpus) {
    this.zones = zones;
    this.nodes = 1 + zones.stream().mapToInt(Zone::node).max().orElseThrow();
    this.nodeOfCpu = new int[cpus];
    for (int cpu = 0; cpu < cpus; cpu++) {
      nodeOfCpu[cpu] = cpu * nodes / cpus;
    }
    this.lists = new Zone[2 * nodes * ZoneKind.KINDS][];
    this.avoidingFragments = new boolean[nodes * ZoneKind.KINDS];
    for (int node = 0; node < nodes; node++) {
      for (ZoneKind kind : ZoneKind.values()) {
        int at = node * ZoneKind.KINDS + kind.index();
        Zone[] list = listOf(node, kind, nodes);
        lists[2 * at] = list;
        lists[2 * at + 1] = listOf(node, kind, 1);
        avoidingFragments[at] = list.length > 0 && hasLowZoneBelow(list);
      }
    }
  }

  private Zone[] listOf(int node, ZoneKind highest, int nodesAllowed) {
    List<Zone> list = new ArrayList<>();
    zones.stream()
        .filter(zone -> zone.kind().index() <= highest.index())
        .filter(zone -> distance(node, zone) < nodesAllowed)
        .sorted(
            Comparator.<Zone>comparingInt(zone -> distance(node, zone))
                .thenComparing(zone -> zone.kind().index(), Comparator.reverseOrder()))
        .forEach(list::add);
    return list.toArray(Zone[]::new);
  }

  private int distance(int node, Zone zone) {
    return Math.floorMod(zone.node() - node, nodes);
  }

  /** Whether a normal zone stands before smaller ones, or alone. */
  private boolean hasLowZoneBelow(Zone[] list) {
    int node = list[0].node();
    boolean isSingleNode = zones.stream().allMatch(zone -> zone.node() == node);
    boolean hasDma32 =
        list.length > 1 && list[1].kind() == ZoneKind.DMA32 && list[1].node() == node;
    return list[0].kind() == ZoneKind.NORMAL && (isSingleNode || hasDma32);
  }

  int nodes() {
    return nodes;
  }

  /** The node on which a CPU's requests begin. */
  int nodeOf(int cpu) {
    return nodeOfCpu[cpu];
  }

  /** The zones that a request of a class may use, preferred one first. */
  Zone[] of(int node, int gfp) {
    int isOwn = (gfp & Gfp.THISNODE) >>> Integer.numberOfTrailingZeros(Gfp.THISNODE);
    return lists[2 * (node * ZoneKind.KINDS + Gfp.zoneIndex(gfp)) + isOwn];
  }

  /** Whether requests of a class first keep types apart; models alloc_flags_nofragment(). */
  boolean avoidsFragments(int node, int gfp) {
    return avoidingFragments[node * ZoneKind.KINDS + Gfp.zoneIndex(gfp)];
  }
}
