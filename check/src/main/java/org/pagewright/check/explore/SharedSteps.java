package org.pagewright.check.explore;

import java.util.HashMap;
import java.util.Map;
import org.pagewright.hardware.cpu.Step;

/** Which addresses several CPUs use, one of them writing: only there does the order matter. */
final class SharedSteps {
  /** CPUs that use an address, those that read in the low half, those that write in the high. */
  private final Map<Long, Long> users = new HashMap<>();

  private static final int WRITERS_SHIFT = 32;

  /** Notes a step. */
  void note(int cpu, int kind, long address) {
    users.merge(address, 1L << (isRead(kind) ? cpu : cpu + WRITERS_SHIFT), (a, b) -> a | b);
  }

  /** Adds what {@code other} knows; true if that makes an address shared. */
  boolean add(SharedSteps other) {
    boolean hasGrown = false;
    for (Map.Entry<Long, Long> entry : other.users.entrySet()) {
      long before = users.getOrDefault(entry.getKey(), 0L);
      long after = before | entry.getValue();
      users.put(entry.getKey(), after);
      hasGrown |= isShared(after) && !isShared(before);
    }
    return hasGrown;
  }

  /** Whether another CPU could come in between at this step. */
  boolean isShared(int kind, long address) {
    return switch (kind) {
      // Others only become able to go on by these; whoever waits goes on at its own step.
      case Step.UNLOCK, Step.INVALIDATE -> false;
      case Step.IPI_SEND, Step.INTERRUPTS_ON -> true;
      default -> isShared(users.getOrDefault(address, 0L));
    };
  }

  private static boolean isRead(int kind) {
    return kind == Step.LOAD || kind == Step.ENTRY_READ || kind == Step.ACCESS;
  }

  private static boolean isShared(long users) {
    long writers = users >>> WRITERS_SHIFT;
    long all = writers | (users & 0xffff_ffffL);
    return writers != 0 && Long.bitCount(all) > 1;
  }
}
