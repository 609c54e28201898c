package org.pagewright.lab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.schedule.DrawnOrders;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.PriorityOrders;
import org.pagewright.check.schedule.Strategy;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** Which orders of steps a search tries. */
final class OrderOptions {
  private static final String EXHAUSTIVE = "exhaustive";
  private static final String PREEMPTIONS = "preemptions";
  private static final String PRIORITIES = "priorities";
  private static final int PRIORITIES_DEFAULT = 1000;

  @Spec(Target.MIXEE)
  private @Nullable CommandSpec mixee;

  @Option(
      names = "--explore",
      paramLabel = "HOW",
      description = {
        "exhaustive: every order of steps that meet; preemptions: all with few preemptions;",
        "priorities: drawn as PCT does; a number: so many drawn from the seed",
        "(default: preemptions; of a planted bug, its own search)."
      })
  private @Nullable String explore;

  @Option(
      names = "--preemptions",
      paramLabel = "N",
      description = "Most preemptions with --explore preemptions (default: ${DEFAULT-VALUE}).")
  private int preemptions = 2;

  /** Whether the user said which. */
  boolean isGiven() {
    return explore != null;
  }

  private String how() {
    return explore == null ? PREEMPTIONS : explore;
  }

  /** In words, for what a state is of. */
  String text(long seed) {
    return switch (how()) {
      case EXHAUSTIVE -> EXHAUSTIVE;
      case PREEMPTIONS -> preemptions + " " + PREEMPTIONS;
      default -> how() + ", seed " + seed;
    };
  }

  /** The strategies for a search in rounds: with more preemptions each time. */
  List<IntFunction<Strategy>> rounds(int schedulesMax, long seed) {
    IntFunction<Strategy> last = strategy(schedulesMax, seed);
    List<IntFunction<Strategy>> rounds = new ArrayList<>();
    for (int fewer = 1; how().equals(PREEMPTIONS) && fewer < preemptions; fewer++) {
      int most = fewer;
      rounds.add(cpus -> new FewPreemptions(most));
    }
    rounds.add(last);
    return rounds;
  }

  /** Makes the strategy for so many CPUs; refuses what is none. */
  IntFunction<Strategy> strategy(int schedulesMax, long seed) {
    if (preemptions < 0) {
      throw wrong("--preemptions " + preemptions + "; expected a number from 0 on");
    }
    return switch (how()) {
      case EXHAUSTIVE -> EveryOrder::new;
      case PREEMPTIONS -> cpus -> new FewPreemptions(preemptions);
      case PRIORITIES -> {
        int most = Math.min(schedulesMax, PRIORITIES_DEFAULT);
        yield cpus -> new PriorityOrders(cpus, most, seed);
      }
      default -> {
        long most = count();
        yield cpus -> new DrawnOrders(most, seed);
      }
    };
  }

  private long count() {
    try {
      return new CommonOptions.Count().convert(how());
    } catch (TypeConversionException e) {
      throw wrong(
          "--explore " + explore + "; expected exhaustive, preemptions, priorities or a number");
    }
  }

  private ParameterException wrong(String what) {
    CommandSpec command = Objects.requireNonNull(mixee, "picocli sets the command before it runs");
    return new ParameterException(command.commandLine(), what);
  }
}
