package org.pagewright.lab.trace;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.trace.input.Companions;
import org.pagewright.lab.trace.input.EventBatch;
import org.pagewright.lab.trace.input.EventStream;
import org.pagewright.lab.trace.input.HiddenSteps;
import org.pagewright.lab.trace.input.ProcSnapshot;
import org.pagewright.lab.trace.input.RecordedState;
import org.pagewright.lab.trace.input.TraceReader;
import org.pagewright.lab.trace.input.TraceStatistics;

/**
 * Replays a recorded trace and leaves an allocator in the state that the trace leaves it in.
 *
 * <p>What is known beforehand decides how: with a recorded start state and hidden steps the
 * allocator acts on its own and is compared, else it follows the recorded refills and drains.
 */
public final class TraceReplay implements AutoCloseable {
  /** CPUs of an allocator for a trace that says nothing about them. */
  private static final int CPUS_UNKNOWN = 64;

  /** Batches between two checks of every invariant, which look at every free block. */
  private static final int BATCHES_PER_CHECK = 1;

  private static final int TYPES_SHOWN = 4;

  private final Path file;
  private final ReplayOptions options;
  private final @Nullable RecordedState end;
  private final @Nullable HiddenSteps hidden;
  private final @Nullable ProcSnapshot after;
  private final boolean isStartKnown;
  private final String kernel;
  private final String kernelFrom;
  private final boolean areRulesForeign;
  private final KernelAllocator allocator;
  private final PartingTable partings = new PartingTable();
  private final HiddenStepper stepper;
  private final Replayer replayer;
  private long nanoseconds;
  private @Nullable String broken;
  private TraceStatistics statistics = new TraceStatistics();

  private TraceReplay(Path file, ReplayOptions options) throws IOException {
    this.file = file;
    this.options = options;
    Companions beside = Companions.beside(file);
    beside = options.usesState() ? beside : beside.withoutState();
    beside = options.usesHidden() ? beside : beside.withoutHidden();
    Companions files = beside.overriddenBy(options.named());
    RecordedState start = Companions.state(files.stateStart());
    end = Companions.state(files.stateEnd());
    ProcSnapshot before = Companions.snapshot(files.before());
    after = Companions.snapshot(files.after());
    isStartKnown = start != null;
    hidden = isStartKnown ? Companions.hidden(files.hidden()) : null;
    kernel = options.kernel() == null ? guessKernel(start, before) : options.kernel();
    areRulesForeign = !kernel.equals(guessKernel(start, before));
    kernelFrom = options.kernel() == null ? "guessed from the files beside the trace" : "as told";
    RecordedState loaded = start != null ? start : emptyStart(before);
    allocator = new KernelAllocator(loaded, AllocatorRules.named(kernel));
    stepper = new HiddenStepper(allocator, hidden, before, HandOver.from(start), partings);
    if (hidden == null) {
      stepper.setWatermarksAtOnce();
    }
    boolean isComplete = isStartKnown && hidden != null;
    replayer =
        new Replayer(
            allocator,
            new Replayer.Knowledge(
                isStartKnown, hidden != null, options.isZoneTold(), /* isActing= */ isComplete),
            start,
            stepper,
            partings);
    allocator.setListener(replayer);
  }

  private static RecordedState emptyStart(@Nullable ProcSnapshot before) {
    int cpus = before == null ? CPUS_UNKNOWN : Math.max(1, before.cpus());
    RecordedState known = before == null ? null : PlausibleState.empty(before, cpus);
    return known == null ? PlausibleState.empty(cpus) : known;
  }

  /** The version whose state and /proc files look like those beside the trace. */
  private static String guessKernel(@Nullable RecordedState start, @Nullable ProcSnapshot before) {
    if (before == null) {
      return start == null ? "6.18" : "6.1";
    }
    return before.hasBlockCounter() ? "6.18" : before.hasTunedLists() ? "6.12" : "6.1";
  }

  /**
   * Replays {@code file}; the caller closes what is returned.
   *
   * @throws BadInput if the trace or a file beside it cannot be read
   */
  public static TraceReplay run(Path file, ReplayOptions options) throws IOException {
    TraceReplay replay = new TraceReplay(file, options);
    boolean isDone = false;
    try {
      replay.replay();
      isDone = true;
      return replay;
    } finally {
      if (!isDone) {
        replay.close();
      }
    }
  }

  /**
   * An allocator in the state that the trace leaves it in, which the caller closes. Without a
   * recorded start it is a state made up from {@code /proc} after the trace, with as many free
   * blocks of every order and type.
   */
  public static PageAllocator stateAfter(Path file) throws IOException {
    Companions files = Companions.beside(file);
    if (files.stateStart() != null) {
      return run(file, ReplayOptions.DEFAULT).allocator();
    }
    ProcSnapshot after = Companions.snapshot(files.after());
    RecordedState state =
        after == null ? null : PlausibleState.filled(after, Math.max(1, after.cpus()));
    if (after == null || state == null) {
      String expected = "a recorded start state or /proc files beside it";
      throw new BadInput(file.toString(), "nothing tells its final state", expected);
    }
    KernelAllocator made =
        new KernelAllocator(state, AllocatorRules.named(guessKernel(null, after)));
    PartingTable none = new PartingTable();
    new HiddenStepper(made, null, after, HandOver.from(null), none).setWatermarksAtOnce();
    return made.allocator();
  }

  private void replay() throws IOException {
    AllocatorRules rules = AllocatorRules.named(kernel);
    long start = System.nanoTime();
    long checking = 0;
    try (TraceReader reader = TraceReader.open(file, name -> Gfp.named(name, rules))) {
      EventStream events =
          new EventStream(options.allowsPartial() ? reader.allowPartial() : reader);
      int batches = 0;
      EventBatch batch = events.next();
      while (batch != null) {
        replayer.replay(batch);
        if (++batches % BATCHES_PER_CHECK == 0) {
          checking += check();
        }
        batch = events.next();
      }
      replayer.finish();
      statistics = events.statistics();
    }
    nanoseconds = System.nanoTime() - start - checking;
    check();
  }

  /** Checks every invariant; returns the time that took. */
  private long check() {
    long start = System.nanoTime();
    if (broken == null) {
      String found = allocator.brokenInvariant();
      broken = found == null ? null : "after event " + replayer.counts().events + ": " + found;
    }
    replayer.counts().invariantChecks++;
    return System.nanoTime() - start;
  }

  /** How fast the host replayed, parsing included and checks of invariants left out. */
  public long eventsPerSecond() {
    return nanoseconds == 0 ? 0 : Math.round(statistics.recognised() * 1e9 / nanoseconds);
  }

  /** The allocator in the state after the last event. */
  public PageAllocator allocator() {
    return allocator.allocator();
  }

  @Override
  public void close() {
    allocator.close();
  }

  /** What came of it. */
  public ReplayResult result() {
    ReplayCounts counts = replayer.counts();
    boolean isActing = isStartKnown && hidden != null;
    Map<String, Long> repairs = new LinkedHashMap<>();
    counts.repairs.forEach((repair, times) -> repairs.put(repair.text(), times));
    Map<String, PartingTable.Row> rows = new LinkedHashMap<>();
    partings.rows().forEach((kind, row) -> rows.put(kind.text(), row));
    List<String> differences = end == null ? List.of() : allocator.differences(end);
    return new ReplayResult(
        file.toString(),
        kernel,
        kernelFrom,
        isActing ? "acting" : "following",
        isStartKnown,
        hidden != null,
        options.isZoneTold(),
        statistics.lines(),
        statistics.recognised(),
        statistics.seconds(),
        counts.allocations,
        counts.frees,
        counts.predictable,
        counts.predictedOfPredictable,
        share(counts.predictedOfPredictable, counts.predictable),
        counts.predicted,
        share(counts.predicted, counts.allocations),
        counts.predictedAfterFollowedRefill,
        misses(),
        boxed(counts.allocationsByOrder),
        boxed(counts.allocationsByType),
        new ReplayResult.Outcomes(counts.recordedFailures, counts.ourFailures, null),
        outcomes(isActing, counts.recordedFallbacks, counts.ourFallbacks, null),
        outcomes(isActing, counts.recordedRefills, counts.ourRefills, counts.differentRefills),
        outcomes(isActing, counts.recordedDrains, counts.ourDrains, counts.differentDrains),
        repairs,
        rows,
        statistics.lost(),
        statistics.overwritten(),
        statistics.lostAt(),
        statistics.otherEvents(),
        statistics.unknownFlags(),
        statistics.tlbFlushes(),
        hidden == null ? Map.of() : hidden.ignored(),
        stepper.left(),
        counts.invariantChecks,
        broken,
        end == null ? null : new ReplayResult.EndState(differences.isEmpty(), differences),
        zones());
  }

  /** Under other rules than the trace's own, a miss with everything known is their difference. */
  private Map<MissCause, Long> misses() {
    Map<MissCause, Long> misses = new EnumMap<>(MissCause.class);
    misses.putAll(replayer.counts().misses);
    Long unexplained = areRulesForeign ? misses.remove(MissCause.OUR_BUG) : null;
    if (unexplained != null) {
      misses.put(MissCause.OTHER_RULES, unexplained);
    }
    return misses;
  }

  private static ReplayResult.Outcomes outcomes(
      boolean isActing, long recorded, long ours, @Nullable Long different) {
    return isActing
        ? new ReplayResult.Outcomes(recorded, ours, different)
        : new ReplayResult.Outcomes(recorded, null, null);
  }

  private static @Nullable Double share(long part, long whole) {
    return whole == 0 ? null : (double) part / whole;
  }

  private static List<Long> boxed(long[] numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  private List<ReplayResult.ZoneResult> zones() {
    List<ReplayResult.ZoneResult> zones = new ArrayList<>();
    for (int zone = 0; zone < allocator.zones(); zone++) {
      ProcSnapshot.Zone recorded = after == null ? null : after.zone(allocator.zoneName(zone));
      Map<String, List<Long>> ours = new LinkedHashMap<>();
      Map<String, List<Long>> theirs = new LinkedHashMap<>();
      for (int type = 0; type < TYPES_SHOWN; type++) {
        String name = Migratetype.name(type);
        ours.put(name, boxed(allocator.freeBlocks(zone, type)));
        long[] known = recorded == null ? null : recorded.freeBlocksByType.get(name);
        if (known != null) {
          theirs.put(name, boxed(known));
        }
      }
      List<Long> buddyinfo =
          recorded == null || recorded.freeBlocks[0] < 0 ? List.of() : boxed(recorded.freeBlocks);
      zones.add(
          new ReplayResult.ZoneResult(
              allocator.zoneName(zone),
              boxed(allocator.freeBlocks(zone)),
              buddyinfo,
              ours,
              theirs));
    }
    return zones;
  }
}
