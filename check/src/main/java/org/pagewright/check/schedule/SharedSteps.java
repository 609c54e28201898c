package org.pagewright.check.schedule;

import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;

/**
 * Which steps of a program may not be exchanged with a step of another CPU ({@link StepConflicts}):
 * only there does the order matter.
 */
public final class SharedSteps {
  /** What a CPU does in a step. */
  private record Deed(int kind, long address) implements Comparable<Deed> {
    @Override
    public int compareTo(Deed other) {
      int order = Long.compare(address, other.address);
      return order != 0 ? order : Integer.compare(kind, other.kind);
    }
  }

  /** In the place of a format of which no run has told. */
  private static final String UNKNOWN = "-";

  /** By what is done, the CPUs that do it. */
  private final NavigableMap<Deed, Long> users = new TreeMap<>();

  /** What meets a step of another CPU; kept up to date by {@link #add}. */
  private final Set<Deed> shared = new HashSet<>();

  private final StepConflicts conflicts = new StepConflicts(/* cpus= */ 2);
  private @Nullable PteFormat format;

  /** Nothing is known. */
  public SharedSteps() {}

  /** Says how tables are laid out. */
  void setFormat(PteFormat format) {
    this.format = format;
    conflicts.setFormat(format);
  }

  /** Notes a step. */
  public void note(int cpu, int kind, long address) {
    users.merge(new Deed(kind, address), 1L << cpu, (a, b) -> a | b);
  }

  /** Adds what {@code other} knows; true if more steps are shared then. */
  boolean add(SharedSteps other) {
    boolean hasGrown = false;
    for (Map.Entry<Deed, Long> entry : other.users.entrySet()) {
      Deed deed = entry.getKey();
      long before = users.getOrDefault(deed, 0L);
      long after = before | entry.getValue();
      if (after != before) {
        users.put(deed, after);
        hasGrown |= share(deed, after);
      }
    }
    return hasGrown;
  }

  /** Marks a deed and those that it meets; true if one was not marked. */
  private boolean share(Deed deed, long cpus) {
    boolean hasGrown = false;
    for (Map.Entry<Deed, Long> other : users.entrySet()) {
      boolean isOfTwo = Long.bitCount(cpus | other.getValue()) > 1;
      if (isOfTwo && meets(deed, other.getKey())) {
        hasGrown |= shared.add(deed);
        hasGrown |= shared.add(other.getKey());
      }
    }
    return hasGrown;
  }

  private boolean meets(Deed one, Deed other) {
    return conflicts.conflict(0, one.kind, one.address, 1, other.kind, other.address);
  }

  /** Whether another CPU could come in between at this step. */
  boolean isShared(int kind, long address) {
    return switch (kind) {
      case Step.IPI_SEND, Step.INTERRUPTS_ON -> true;
      default -> shared.contains(new Deed(kind, address));
    };
  }

  /** Whether several CPUs use an address or lock, one of them not only reading. */
  public boolean isContended(long address) {
    long all = 0;
    long writers = 0;
    Deed first = new Deed(0, address);
    Deed last = new Deed(Integer.MAX_VALUE, address);
    for (Map.Entry<Deed, Long> user : users.subMap(first, last).entrySet()) {
      all |= user.getValue();
      writers |= isRead(user.getKey().kind) ? 0 : user.getValue();
    }
    return writers != 0 && Long.bitCount(all) > 1;
  }

  private static boolean isRead(int kind) {
    return kind == Step.LOAD || kind == Step.ENTRY_READ || kind == Step.ACCESS;
  }

  /** One word that {@link #parse} reads. */
  String text() {
    StringBuilder text = new StringBuilder("shared,");
    text.append(format == null ? UNKNOWN : format.name());
    users.forEach((deed, cpus) -> {
      text.append(',').append(deed.kind).append(':').append(deed.address);
      text.append(':').append(cpus);
    });
    return text.toString();
  }

  static SharedSteps parse(String text) {
    String[] parts = text.split(",", -1);
    SharedSteps read = new SharedSteps();
    for (int i = 2; i < parts.length; i++) {
      String[] numbers = parts[i].split(":", -1);
      Deed deed = new Deed(Integer.parseInt(numbers[0]), Long.parseLong(numbers[1]));
      read.users.put(deed, Long.parseLong(numbers[2]));
    }
    SharedSteps steps = new SharedSteps();
    if (!parts[1].equals(UNKNOWN)) {
      steps.setFormat(PteFormat.named(parts[1]));
    }
    steps.add(read);
    return steps;
  }
}
