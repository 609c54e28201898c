package org.pagewright.check.schedule;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Step;

/**
 * Every order of steps, once for all orders that differ only in steps that commute.
 *
 * <p>Dynamic partial-order reduction (Flanagan and Godefroid, POPL 2005): after each step, the last
 * earlier step of another CPU that it does not commute with, and that need not come before it, is a
 * place where this CPU could have gone first; only there other orders are tried. Sleep sets
 * (Godefroid, 1996) cut runs that would repeat one that was made.
 *
 * <p>It decides also when each CPU takes the calls of others: whether a call comes in a step
 * earlier or later matters only to few steps, so it is an actor of its own that commutes with most.
 */
public final class EveryOrder implements Strategy {
  /*
   * A node is a decision of the run: which CPUs could go on (enabled), which must be tried
   * (wanted), which were tried or are being tried (done), and which need not be, because what they
   * would do next was tried before and commutes with all since (asleep). The nodes of the current
   * run form a stack; the next run repeats it up to the deepest node with something left to try.
   *
   * An actor that spins gives way to those that do not. One that goes on without a step (it waited)
   * is not told from others at its node, so all are tried there.
   *
   * While a CPU takes a call its program stands still. So a step of the program that meets one of
   * the call's can come earlier only if it comes before the whole call: the place to try that is
   * the decision to take the call.
   */

  private static final int NOBODY = -1;

  private final int cpus;
  private final int actors;
  private final Decisions decisions = new Decisions();
  private final StepConflicts conflicts;

  // ---- the stack

  private int[] enabled = new int[64];
  private int[] wanted = new int[64];
  private int[] done = new int[64];
  private int[] asleep = new int[64];
  private int[] chosen = new int[64];
  private int depth;

  // ---- this run

  private @Nullable Interleaving run;
  private int at;
  private int sleeping;

  /** The node that decides the step that comes next, if one does. */
  private int deciding = NOBODY;

  private int[] stepActors = new int[256];
  private int[] stepNodes = new int[256];

  /** For each step, the node that decided that the call was taken of which it is part. */
  private int[] callNodes = new int[256];

  /** For each step, how many steps of each actor must come before it. */
  private int[] clocks;

  /** For each step, its number among those of its actor. */
  private int[] ranks = new int[256];

  private int steps;
  private final int[] actorClocks;
  private final int[] takenAt;
  private long cut;
  private boolean hasBegun;
  private boolean isOver;

  /** Stands before the first run. */
  public EveryOrder(int cpus) {
    this.cpus = cpus;
    this.actors = 2 * cpus;
    this.conflicts = new StepConflicts(cpus);
    this.clocks = new int[256 * actors];
    this.actorClocks = new int[actors * actors];
    this.takenAt = new int[actors];
  }

  @Override
  public boolean begin() {
    if (conflicts.callSteps().hasLearned()) {
      depth = 0; // what was cut may not have been the same
    } else if (hasBegun && !advance()) {
      isOver = true;
      return false;
    }
    hasBegun = true;
    at = 0;
    steps = 0;
    sleeping = 0;
    deciding = NOBODY;
    run = null;
    Arrays.fill(actorClocks, 0);
    conflicts.clear();
    decisions.clear();
    return true;
  }

  @Override
  public boolean decidesInterrupts() {
    return true;
  }

  /** Lets the deepest node that has something left try it. */
  private boolean advance() {
    while (depth > 0) {
      int node = depth - 1;
      int left = wanted[node] & ~done[node] & ~asleep[node];
      if (left != 0) {
        chosen[node] = Integer.numberOfTrailingZeros(left);
        done[node] |= 1 << chosen[node];
        return true;
      }
      depth--;
    }
    return false;
  }

  @Override
  public int next(Interleaving interleaving, int current, int[] runnable, int count) {
    if (run == null) {
      run = interleaving;
      conflicts.watch(interleaving);
    }
    for (int i = 0; i < count; i++) {
      if (isNew(interleaving, runnable[i])) {
        return decisions.note(i, runnable);
      }
    }
    int able = mask(interleaving, runnable, count);
    if (able == 0) {
      able = maskOf(runnable, count);
    }
    int node = at++;
    if (node == depth
        && !push(node, able, current, anyWithoutStep(interleaving, runnable, count))) {
      cut++;
      return CpuMask.NONE;
    }
    if (enabled[node] != able) {
      throw new RunsDiffer();
    }
    deciding = interleaving.goesOnWithoutStep(chosen[node]) ? NOBODY : node;
    sleeping = (asleep[node] | done[node]) & ~(1 << chosen[node]);
    return decisions.noteCpu(chosen[node], runnable);
  }

  /** Whether the program has done nothing yet: up to its first step it meets nobody. */
  private boolean isNew(Interleaving interleaving, int actor) {
    return actor < cpus
        && interleaving.nextKind(actor) == 0
        && !interleaving.goesOnWithoutStep(actor);
  }

  /** Those that do not spin. */
  private static int mask(Interleaving interleaving, int[] runnable, int count) {
    int mask = 0;
    for (int i = 0; i < count; i++) {
      boolean spins =
          interleaving.nextKind(runnable[i]) == Step.RELAX
              && !interleaving.goesOnWithoutStep(runnable[i]);
      mask |= spins ? 0 : 1 << runnable[i];
    }
    return mask;
  }

  private static int maskOf(int[] runnable, int count) {
    int mask = 0;
    for (int i = 0; i < count; i++) {
      mask |= 1 << runnable[i];
    }
    return mask;
  }

  private static boolean anyWithoutStep(Interleaving interleaving, int[] runnable, int count) {
    for (int i = 0; i < count; i++) {
      if (interleaving.goesOnWithoutStep(runnable[i])) {
        return true;
      }
    }
    return false;
  }

  private boolean push(int node, int able, int current, boolean wantsAll) {
    int awake = able & ~sleeping;
    if (awake == 0) {
      return false;
    }
    if (node == enabled.length) {
      enabled = Arrays.copyOf(enabled, 2 * node);
      wanted = Arrays.copyOf(wanted, 2 * node);
      done = Arrays.copyOf(done, 2 * node);
      asleep = Arrays.copyOf(asleep, 2 * node);
      chosen = Arrays.copyOf(chosen, 2 * node);
    }
    boolean goesOn = current != CpuMask.NONE && (awake & 1 << current) != 0;
    int first = goesOn ? current : Integer.numberOfTrailingZeros(awake);
    enabled[node] = able;
    wanted[node] = wantsAll ? able : 1 << first;
    done[node] = 1 << first;
    asleep[node] = sleeping;
    chosen[node] = first;
    depth = node + 1;
    return true;
  }

  // ---- steps

  @Override
  public void step(int cpu, int kind, long address) {
    Interleaving interleaving = run;
    int actor = interleaving == null ? cpu : interleaving.currentActor();
    wake(actor, kind, address);
    conflicts.take(steps, actor, kind, address);
    if (kind == Step.INTERRUPT) {
      takenAt[actor] = deciding;
    }
    int race = NOBODY;
    for (int other = 0; other < actors; other++) {
      int step = conflicts.race(other);
      if (step >= 0 && ranks[step] > actorClocks[actor * actors + other] && step > race) {
        race = step;
      }
    }
    if (race != NOBODY) {
      want(actor, isCallOf(cpu, race) ? callNodes[race] : stepNodes[race]);
    }
    append(actor);
  }

  private boolean isCallOf(int cpu, int step) {
    return stepActors[step] == cpu + cpus;
  }

  private void want(int actor, int node) {
    if (node != NOBODY) {
      wanted[node] |= (enabled[node] & 1 << actor) != 0 ? 1 << actor : enabled[node];
    }
  }

  private void wake(int actor, int kind, long address) {
    Interleaving interleaving = run;
    if (interleaving == null || sleeping == 0) {
      return;
    }
    if (StepConflicts.isGlobal(kind)) {
      sleeping = 0;
      return;
    }
    for (int other = 0; other < actors; other++) {
      if ((sleeping & 1 << other) != 0 && other != actor) {
        boolean meets =
            interleaving.goesOnWithoutStep(other)
                || conflicts.conflict(
                    actor,
                    kind,
                    address,
                    other,
                    interleaving.nextKind(other),
                    interleaving.nextAddress(other));
        sleeping &= meets ? ~(1 << other) : -1;
      }
    }
  }

  private void append(int actor) {
    if (steps == stepActors.length) {
      stepActors = Arrays.copyOf(stepActors, 2 * steps);
      stepNodes = Arrays.copyOf(stepNodes, 2 * steps);
      callNodes = Arrays.copyOf(callNodes, 2 * steps);
      ranks = Arrays.copyOf(ranks, 2 * steps);
      clocks = Arrays.copyOf(clocks, 2 * steps * actors);
    }
    int mine = actor * actors;
    for (int other = 0; other < actors; other++) {
      follow(mine, conflicts.race(other));
      follow(mine, conflicts.order(other));
    }
    actorClocks[mine + actor]++;
    stepActors[steps] = actor;
    stepNodes[steps] = deciding;
    callNodes[steps] = takenAt[actor];
    ranks[steps] = actorClocks[mine + actor];
    System.arraycopy(actorClocks, mine, clocks, steps * actors, actors);
    deciding = NOBODY;
    steps++;
  }

  private void follow(int mine, int step) {
    for (int i = 0; step >= 0 && i < actors; i++) {
      actorClocks[mine + i] = Math.max(actorClocks[mine + i], clocks[step * actors + i]);
    }
  }

  // ---- what is told

  @Override
  public int[] decisions() {
    return decisions.picks();
  }

  @Override
  public String coverage() {
    return isOver ? "every order" : "stopped early, some orders";
  }

  /** Runs that were stopped because they would have repeated another one. */
  public long cut() {
    return cut;
  }

  @Override
  public String position() {
    boolean beginsAgain = conflicts.callSteps().hasLearned();
    depth = beginsAgain ? 0 : depth;
    hasBegun &= !beginsAgain;
    StringBuilder text = new StringBuilder("every-order ").append(conflicts.callSteps().text());
    for (int node = 0; node < depth; node++) {
      text.append(' ').append(enabled[node]).append(',').append(wanted[node]);
      text.append(',').append(done[node]).append(',').append(asleep[node]);
      text.append(',').append(chosen[node]);
    }
    return text.toString();
  }

  /** Continues where {@link #position} stood. */
  public static EveryOrder at(int cpus, String position) {
    EveryOrder order = new EveryOrder(cpus);
    String[] words = position.split(" ", -1);
    order.conflicts.callSteps().restore(words.length > 1 ? words[1] : "");
    for (int i = 2; i < words.length; i++) {
      String[] numbers = words[i].split(",", -1);
      if (numbers.length != 5) {
        throw new IllegalArgumentException("'" + words[i] + "' is no node of a search");
      }
      order.restore(i - 2, Arrays.stream(numbers).mapToInt(Integer::parseInt).toArray());
    }
    order.hasBegun = words.length > 2;
    return order;
  }

  private void restore(int node, int[] values) {
    sleeping = values[3];
    if (!push(node, values[0], CpuMask.NONE, /* wantsAll= */ false)) {
      throw new IllegalArgumentException("a node of a search without a CPU that is awake");
    }
    wanted[node] = values[1];
    done[node] = values[2];
    chosen[node] = values[4];
  }
}
