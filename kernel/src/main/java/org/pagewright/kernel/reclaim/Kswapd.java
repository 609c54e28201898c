package org.pagewright.kernel.reclaim;

import java.util.Arrays;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * The task of each node that frees memory before requests must. Models {@code wakeup_kswapd()} and
 * {@code balance_pgdat()} (mm/vmscan.c, 7.0): what a wake-up asks for is recorded; whoever drives
 * the machine says when the task runs.
 */
public final class Kswapd implements PageAllocator.Wakeups {
  /** Failed runs after which a node is left alone: {@code MAX_RECLAIM_RETRIES}. */
  private static final int FAILURES_MAX = 16;

  /** Passes of one run, each harder than the one before: {@code DEF_PRIORITY}. */
  private static final int PRIORITIES = 12;

  /** What a node's task was asked for. Models fields of {@code struct pglist_data}. */
  private static final class Node {
    boolean isAwake;
    int order;
    int highest;
    int failures;
    long wakeups;
  }

  private final PageAllocator allocator;
  private final PageAllocator.Reclaim reclaim;
  private final Node[] nodes;

  /** Lets {@code allocator} wake the tasks; {@code reclaim} is how they find pages. */
  public Kswapd(PageAllocator allocator, PageAllocator.Reclaim reclaim) {
    this.allocator = allocator;
    this.reclaim = reclaim;
    int count = 1 + allocator.zones().stream().mapToInt(Zone::node).max().orElseThrow();
    this.nodes = new Node[count];
    Arrays.setAll(nodes, node -> new Node());
    allocator.setWakeups(this);
  }

  @Override
  public void wake(int node, int order, ZoneKind highest) {
    Node asked = nodes[node];
    boolean isHopeless = asked.failures >= FAILURES_MAX;
    boolean needsNothing = isBalanced(node, order, highest.index()) && boosts(node) == 0;
    if (isHopeless || needsNothing) {
      return;
    }
    asked.order = Math.max(asked.order, order);
    asked.highest = Math.max(asked.highest, highest.index());
    asked.isAwake = true;
    asked.wakeups++;
  }

  /** Whether a node's task has work. */
  public boolean isAwake(int node) {
    return nodes[node].isAwake;
  }

  /** The largest order that the node's task was woken for. */
  public int order(int node) {
    return nodes[node].order;
  }

  /** Wake-ups of a node that were not in vain. */
  public long wakeups(int node) {
    return nodes[node].wakeups;
  }

  /** Lets the task of every node that is awake work until it sleeps; answers pages freed. */
  public long runAll(Cpu cpu) {
    long freed = 0;
    for (int node = 0; node < nodes.length; node++) {
      freed += nodes[node].isAwake ? balance(cpu, node) : 0;
    }
    return freed;
  }

  /** Models {@code balance_pgdat()}. */
  private long balance(Cpu cpu, int number) {
    Node node = nodes[number];
    List<Zone> zones =
        allocator.zones().stream()
            .filter(zone -> zone.node() == number && zone.kind().index() <= node.highest)
            .toList();
    long[] boosts = zones.stream().mapToLong(Zone::boost).toArray();
    zones.forEach(zone -> zone.setReclaimActive(true));
    long freed = freeUntilBalanced(cpu, number, Arrays.stream(boosts).sum());
    for (int i = 0; i < boosts.length; i++) {
      Zone zone = zones.get(i);
      zone.setReclaimActive(false);
      zone.setBoost(Math.max(0, zone.boost() - boosts[i]));
    }
    node.failures = freed == 0 ? node.failures + 1 : 0;
    node.isAwake = false;
    node.order = 0;
    node.highest = 0;
    return freed;
  }

  /** Frees what the boosts ask for, or more if the marks themselves are not met. */
  private long freeUntilBalanced(Cpu cpu, int number, long boost) {
    Node node = nodes[number];
    long freed = 0;
    for (int pass = 0; pass < PRIORITIES; pass++) {
      boolean isBalanced = isBalanced(number, node.order, node.highest);
      if (isBalanced && freed >= boost) {
        return freed;
      }
      long progress = reclaim.reclaim(cpu, node.order);
      if (progress == 0) {
        return freed;
      }
      freed += progress;
    }
    return freed;
  }

  /** Whether a zone of the node meets its high mark. Models {@code pgdat_balanced()}. */
  private boolean isBalanced(int node, int order, int highest) {
    boolean hasZone = false;
    for (Zone zone : allocator.zones()) {
      if (zone.node() == node && zone.kind().index() <= highest && zone.managedPages() > 0) {
        hasZone = true;
        if (allocator.meetsHighMark(zone, order, highest)) {
          return true;
        }
      }
    }
    return !hasZone;
  }

  private long boosts(int node) {
    return allocator.zones().stream()
        .filter(zone -> zone.node() == node)
        .mapToLong(Zone::boost)
        .sum();
  }
}
