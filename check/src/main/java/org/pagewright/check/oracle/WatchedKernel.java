package org.pagewright.check.oracle;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMapView;
import org.pagewright.kernel.kpkeys.KeysView;
import org.pagewright.kernel.mermap.MermapView;

/**
 * What oracles may look at of one kernel.
 *
 * @param allocator null for a kernel that has not got so far
 * @param mermap null for a kernel without one
 * @param keys null for a kernel whose tables are not hardened
 */
public record WatchedKernel(
    Machine machine,
    DirectMapView directMap,
    @Nullable PageAllocator allocator,
    @Nullable MermapView mermap,
    @Nullable KeysView keys) {

  /** A kernel whose tables are not hardened. */
  public WatchedKernel(
      Machine machine,
      DirectMapView directMap,
      @Nullable PageAllocator allocator,
      @Nullable MermapView mermap) {
    this(machine, directMap, allocator, mermap, /* keys= */ null);
  }

  /** The frame of a physical address. */
  public long frame(long pa) {
    return pa >>> machine.format().pageShift();
  }
}
