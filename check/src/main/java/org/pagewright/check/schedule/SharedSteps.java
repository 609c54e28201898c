package org.pagewright.check.schedule;

import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Step;

/** Which addresses several CPUs use, one of them writing: only there does the order matter. */
public final class SharedSteps {
  /** CPUs that use an address, those that read in the low half, those that write in the high. */
  private final Map<Long, Long> users = new TreeMap<>();

  private static final int WRITERS_SHIFT = 32;

  /** Nothing is known. */
  public SharedSteps() {}

  /** Notes a step. */
  public void note(int cpu, int kind, long address) {
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
  public boolean isShared(int kind, long address) {
    return switch (kind) {
      // Others only become able to go on by these; whoever waits goes on at its own step.
      case Step.UNLOCK, Step.UNLOCK_SHARED, Step.INVALIDATE -> false;
      case Step.IPI_SEND, Step.INTERRUPTS_ON -> true;
      default -> isShared(users.getOrDefault(address, 0L));
    };
  }

  /** One word that {@link #parse} reads. */
  String text() {
    StringBuilder text = new StringBuilder("shared");
    users.forEach((address, who) -> text.append(',').append(address).append(':').append(who));
    return text.toString();
  }

  static SharedSteps parse(String text) {
    SharedSteps steps = new SharedSteps();
    String[] parts = text.split(",", -1);
    for (int i = 1; i < parts.length; i++) {
      int colon = parts[i].lastIndexOf(':');
      long address = Long.parseLong(parts[i].substring(0, Math.max(0, colon)));
      steps.users.put(address, Long.parseLong(parts[i].substring(colon + 1)));
    }
    return steps;
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
