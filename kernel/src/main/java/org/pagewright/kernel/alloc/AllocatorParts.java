package org.pagewright.kernel.alloc;

import java.util.List;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Zone;

/** What the decisions of one allocator work on; whoever replaces a decision passes it on. */
public final class AllocatorParts {
  final AllocatorConfig config;
  final Memmap memmap;
  final Buddy buddy;
  final Fallback fallback;
  final List<Zone> zones;

  AllocatorParts(
      AllocatorConfig config, Memmap memmap, Buddy buddy, Fallback fallback, List<Zone> zones) {
    this.config = config;
    this.memmap = memmap;
    this.buddy = buddy;
    this.fallback = fallback;
    this.zones = zones;
  }

  /** The free lists. */
  public Buddy buddy() {
    return buddy;
  }
}
