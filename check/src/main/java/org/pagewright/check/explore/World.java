package org.pagewright.check.explore;

import java.util.List;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.arch.FaultInjection;

/** What runs take place on: a machine, the kernel on it if any, and who watches. */
public interface World extends AutoCloseable {
  Machine machine();

  /** What was found while it ran. */
  List<Violation> violations();

  /** What was found, the look at the end included; no operation may be in progress. */
  List<Violation> inspect();

  /**
   * Gives back all that operations took, so that what is still in use is lost, and looks for it.
   *
   * @return what was found, {@link #inspect} included
   */
  default List<Violation> inspectEmptied() {
    return inspect();
  }

  /** Lets requests fail from here on; a world without requests has nothing to do. */
  default void inject(FaultInjection faults) {}

  /** What a step's address is, in words. */
  default String place(long address) {
    return "0x" + Long.toHexString(address);
  }

  /** Whether no event tells of looking there, as of files and of the allocator's lists. */
  default boolean isToldBySteps(long address) {
    return address < 0;
  }

  /**
   * Puts it back to how it was when it was made, for the next run.
   *
   * @return false if it cannot, so that another world must be made
   */
  default boolean restore() {
    return false;
  }

  @Override
  void close();
}
