package org.pagewright.check.explore;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.DrawnOrders;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;

/** How a planted bug is looked for; {@code check.fault} has one more way. */
@FunctionalInterface
public interface Search {
  /** Makes what is run. */
  @FunctionalInterface
  interface Subject<W extends World> {
    Trial<W> make(boolean isPlanted);
  }

  /** Makes a world. */
  @FunctionalInterface
  interface Maker<W extends World> {
    W make(boolean isPlanted);
  }

  /** What happens in one straight run. */
  @FunctionalInterface
  interface Story<W extends World> {
    void tell(W world);
  }

  /** Runs once, with the bug or without it; returns what the oracles found. */
  @FunctionalInterface
  interface Look {
    List<Violation> at(boolean isPlanted);
  }

  /** Looks for it until something is found, everything was tried, or it is over. */
  Hunt run(boolean isPlanted, BooleanSupplier isOver);

  /** One straight run: no CPU is interrupted, nothing fails that could be served. */
  static <W extends World> Search once(Maker<W> worlds, Story<W> story) {
    return (isPlanted, isOver) -> {
      try (W world = worlds.make(isPlanted)) {
        story.tell(world);
        return Hunt.straight(world.inspect());
      }
    };
  }

  /** One straight run that is told in full: makes its world, and looks at it. */
  static Search once(Look look) {
    return (isPlanted, isOver) -> Hunt.straight(look.at(isPlanted));
  }

  /** One straight run, after which everything is given back: nothing may be lost. */
  static <W extends World> Search onceEmptied(Maker<W> worlds, Story<W> story) {
    return (isPlanted, isOver) -> {
      try (W world = worlds.make(isPlanted)) {
        story.tell(world);
        return Hunt.straight(world.inspectEmptied());
      }
    };
  }

  /** Every order of steps with at most so many preemptions. */
  static <W extends World> Search exhaust(Subject<W> subject, int preemptionsMax) {
    return new OrderSearch<>(subject, cpus -> new FewPreemptions(preemptionsMax));
  }

  /** So many orders of steps, drawn from a seed. */
  static <W extends World> Search sample(Subject<W> subject, long count, long seed) {
    return new OrderSearch<>(subject, cpus -> new DrawnOrders(count, seed));
  }

  /** The order without preemptions, as a run of its own; a CPU that spins gives way. */
  static Scheduler straight() {
    return (run, current, runnable, count) ->
        run.nextKind(runnable[0]) == Step.RELAX ? runnable[1] : runnable[0];
  }
}
