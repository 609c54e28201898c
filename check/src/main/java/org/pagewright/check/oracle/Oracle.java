package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.hardware.cpu.EventLog;

/** One property, with the shadow state that it needs. */
public abstract class Oracle implements EventLog.Reader {
  /** Enough to tell what is wrong; a broken run would otherwise fill the heap. */
  private static final int VIOLATIONS_MAX = 64;

  private static final int AT_REST = -1;

  private final String name;
  private final EventLog.Kinds kinds;
  private final List<Violation> violations;

  /** An oracle that hears {@code kinds} alone and adds what it finds to {@code violations}. */
  protected Oracle(String name, EventLog.Kinds kinds, List<Violation> violations) {
    this.name = name;
    this.kinds = kinds;
    this.violations = violations;
  }

  public final String name() {
    return name;
  }

  @Override
  public final EventLog.Kinds kinds() {
    return kinds;
  }

  /** Looks at everything once no operation is in progress. */
  protected void inspect() {}

  /** Looks at everything once no operation is in progress and all that was taken is given back. */
  protected void inspectEmptied() {}

  protected final void violated(int cpu, String what) {
    if (violations.size() < VIOLATIONS_MAX) {
      violations.add(new Violation(name, cpu, what));
    }
  }

  /** A frame number, an address or an entry, as the kernel prints them. */
  protected static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  protected final void violatedAtRest(String what) {
    violated(AT_REST, what);
  }
}
