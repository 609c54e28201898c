package org.pagewright.kernel.tablelife;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;

/** Where locks of tables come from that do not fit a descriptor. Models {@code page->ptl}. */
public interface LockCache {
  /** A cache that never runs out. */
  LockCache PLENTY =
      cpu -> {
        cpu.maySleep();
        cpu.charge(Primitive.SLAB);
        return true;
      };

  /** Takes a lock; false when memory is short. May sleep. */
  boolean take(Cpu cpu);

  /** Gives a lock back. */
  default void give(Cpu cpu) {
    cpu.charge(Primitive.SLAB);
  }
}
