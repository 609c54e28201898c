package org.pagewright.check.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.pagewright.check.alloc.AllocatorOracles;
import org.pagewright.check.contents.ContentsOracles;
import org.pagewright.check.directmap.DirectMapOracles;
import org.pagewright.check.mmlocal.LocalRegionOracles;
import org.pagewright.check.tables.HookedTables;
import org.pagewright.check.tables.TableOracles;
import org.pagewright.hardware.cpu.EventLog;

/** All oracles, attached to one kernel until they are closed. */
public final class Oracles implements AutoCloseable {
  private final EventLog events;
  private final List<Violation> violations = new ArrayList<>();
  private final HookedTables hooked;
  private final List<Oracle> oracles;

  /** Watches {@code kernel} from here on; no operation may be in progress. */
  public Oracles(WatchedKernel kernel) {
    this(kernel, name -> true);
  }

  /** Lets only some watch: a search that asks one question need not pay for all. */
  public Oracles(WatchedKernel kernel, Predicate<String> watches) {
    this.events = kernel.machine().events();
    this.hooked = new HookedTables(kernel);
    List<Oracle> all = new ArrayList<>(AllocatorOracles.of(kernel, violations));
    all.addAll(DirectMapOracles.of(kernel, violations));
    all.addAll(LocalRegionOracles.of(kernel, violations));
    all.addAll(TableOracles.of(kernel, hooked, violations));
    all.addAll(ContentsOracles.of(kernel, violations));
    all.addAll(
        List.of(
            new FrameOwnership(violations),
            new FreedFrameTranslations(kernel, violations),
            new WalkedTables(kernel, violations),
            new UserTranslations(kernel, violations),
            new SecretsUnreachable(kernel, violations),
            new FlushesComplete(kernel, violations),
            new MmFlushesComplete(kernel, violations),
            new KernelHalvesEqual(kernel, violations),
            new BreakBeforeMake(kernel, violations),
            new TableLife(kernel, violations),
            new ExecutionRules(violations),
            new MigrationBalance(kernel, violations),
            new MermapAddresses(kernel, violations),
            new MermapPromise(kernel.machine().cpus(), violations),
            new NothingLost(kernel, violations),
            new TablesProtected(kernel, violations),
            new SplitsServed(kernel, violations),
            // The last one: it speaks only if no other has.
            new KernelWarnings(violations)));
    this.oracles = all.stream().filter(oracle -> watches.test(oracle.name())).toList();
    readers().forEach(events::attach);
    events.drainAtOnce(true);
  }

  /** Names of all oracles. */
  public List<String> names() {
    return oracles.stream().map(Oracle::name).toList();
  }

  /** Who hears of events, those first whom others ask. */
  List<EventLog.Reader> readers() {
    List<EventLog.Reader> all = new ArrayList<>(oracles);
    all.addFirst(hooked);
    return all;
  }

  /** Also looks at everything, for a run at rest; what was found since the beginning, in order. */
  public List<Violation> inspect() {
    oracles.forEach(Oracle::inspect);
    return violations();
  }

  /** Also looks for what is lost, for a run at rest that gave back everything it took. */
  public List<Violation> inspectEmptied() {
    oracles.forEach(Oracle::inspect);
    oracles.forEach(Oracle::inspectEmptied);
    return violations();
  }

  /** What was found so far. */
  public List<Violation> violations() {
    return List.copyOf(violations);
  }

  @Override
  public void close() {
    events.drainAtOnce(false);
    readers().forEach(events::detach);
  }
}
