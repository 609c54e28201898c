package org.pagewright.faulty.mutation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.lab.mutation.MutantPlace;
import org.pagewright.lab.mutation.MutantResult;
import org.pagewright.lab.mutation.MutantResult.Fate;
import org.pagewright.lab.mutation.MutationLog;
import org.pagewright.lab.mutation.MutationLog.Outcome;
import org.pagewright.lab.mutation.MutationPlan;
import org.pagewright.lab.mutation.MutationRunner;

/** Draws mutants and has them tried by virtual machines of their own. */
public final class ForkedMutationRunner implements MutationRunner {
  /** What a worker ends with when a user interrupts all processes of a terminal. */
  private static final Set<Integer> INTERRUPTED = Set.of(130, 143);

  private final Set<WorkerProcess> workers = ConcurrentHashMap.newKeySet();
  private volatile boolean isStopped;

  @Override
  public List<String> packages() {
    return Targets.PACKAGES;
  }

  @Override
  public String version(boolean isSmoke) {
    return (isSmoke ? "quick battery" : "whole battery") + " of " + Targets.version();
  }

  @Override
  public int count(MutationPlan plan) {
    return draw(Targets.mutants(), plan).length;
  }

  @Override
  public void stop() {
    isStopped = true;
    workers.forEach(WorkerProcess::close);
  }

  @Override
  public List<MutantResult> run(MutationPlan plan, MutationLog log, Progress progress) {
    List<Mutant> mutants = Targets.mutants();
    int[] drawn = draw(mutants, plan);
    Path agent = agent();
    try {
      return new Run(plan, mutants, drawn, agent, log, progress).results();
    } finally {
      delete(agent);
    }
  }

  /** So many of each package as its share of all is; numbers in order. */
  private static int[] draw(List<Mutant> mutants, MutationPlan plan) {
    Map<String, List<Integer>> areas = new TreeMap<>();
    for (int i = 0; i < mutants.size(); i++) {
      MutantPlace place = mutants.get(i).place();
      String type = place.type().substring(place.type().lastIndexOf('.') + 1);
      boolean isWanted =
          (plan.packages().isEmpty() || plan.packages().contains(place.area()))
              && (plan.types().isEmpty() || plan.types().contains(type.replaceFirst("\\$.*", "")));
      if (isWanted) {
        areas.computeIfAbsent(place.area(), _ -> new ArrayList<>()).add(i);
      }
    }
    long wanted = areas.values().stream().mapToInt(List::size).sum();
    SeededChoices choices = new SeededChoices(plan.seed());
    IntStream.Builder drawn = IntStream.builder();
    for (List<Integer> area : areas.values()) {
      long share = Math.ceilDiv(area.size() * Math.min(wanted, plan.mutants()), wanted);
      for (long i = 0; i < share; i++) {
        drawn.add(area.remove(/* index */ choices.pick(area.size(), "mutant")));
      }
    }
    return drawn.build().sorted().toArray();
  }

  /** An archive that only says which class is the agent; the class itself is on the class path. */
  private static Path agent() {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.putValue("Premain-Class", MutationWorker.class.getName());
    attributes.putValue("Can-Retransform-Classes", "true");
    try {
      Path agent = Files.createTempFile("pagewright-mutation", ".jar");
      new JarOutputStream(Files.newOutputStream(agent), manifest).close();
      return agent;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One plan being carried out. */
  private final class Run {
    private final MutationPlan plan;
    private final List<Mutant> mutants;
    private final int[] drawn;
    private final Path agent;
    private final MutationLog log;
    private final Progress progress;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private List<List<Integer>> stages = List.of();

    Run(
        MutationPlan plan,
        List<Mutant> mutants,
        int[] drawn,
        Path agent,
        MutationLog log,
        Progress progress) {
      this.plan = plan;
      this.mutants = mutants;
      this.drawn = drawn;
      this.agent = agent;
      this.log = log;
      this.progress = progress;
    }

    List<MutantResult> results() {
      boolean isKnown = Arrays.stream(drawn).allMatch(mutant -> log.outcome(mutant) != null);
      if (!isKnown) {
        try {
          attempt();
        } catch (IllegalStateException | UncheckedIOException e) {
          if (!isStopped) {
            throw e;
          }
        }
      }
      return inOrder();
    }

    private void attempt() {
      try (WorkerProcess first = worker()) {
        stages = reaching(first.cover());
        progress.at(0, drawn.length);
      }
      try (ExecutorService pool = Executors.newFixedThreadPool(plan.jobs())) {
        List<Future<?>> jobs = new ArrayList<>();
        for (int i = 0; i < plan.jobs(); i++) {
          jobs.add(pool.submit(this::work));
        }
        for (Future<?> job : jobs) {
          job.get();
        }
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }

    private WorkerProcess worker() {
      if (isStopped) {
        throw new IllegalStateException("stopped");
      }
      return new WorkerProcess(agent, plan.isSmoke(), workers);
    }

    /** For each mutant the stages that reach it. */
    private List<List<Integer>> reaching(List<int[]> covered) {
      List<List<Integer>> all = new ArrayList<>();
      mutants.forEach(_ -> all.add(new ArrayList<>()));
      for (int stage = 0; stage < covered.size(); stage++) {
        for (int mutant : covered.get(stage)) {
          all.get(mutant).add(stage);
        }
      }
      return all;
    }

    private void work() {
      @Nullable WorkerProcess worker = null;
      try {
        for (int i = next.getAndIncrement(); i < drawn.length; i = next.getAndIncrement()) {
          int mutant = drawn[i];
          if (log.outcome(mutant) == null && stages.get(mutant).isEmpty()) {
            log.add(mutant, new Outcome(Fate.NOT_REACHED, "", ""));
          } else if (log.outcome(mutant) == null) {
            worker = worker == null ? worker() : worker;
            Outcome outcome = attempt(worker, mutant);
            if (isStopped) {
              return;
            }
            log.add(mutant, outcome);
            worker = worker.isOver() ? null : worker;
          }
          progress.at(done.incrementAndGet(), drawn.length);
        }
      } finally {
        if (worker != null) {
          worker.close();
        }
      }
    }

    /** Leaves a worker that did not answer closed. */
    private Outcome attempt(WorkerProcess worker, int mutant) {
      String answer = worker.attempt(mutant, stages.get(mutant), plan.seconds());
      if (answer != null) {
        String[] words = answer.split("\t", -1);
        return new Outcome(Fate.valueOf(words[0]), words[1], words[2]);
      }
      boolean isOver = worker.isOver();
      isStopped |= isOver && INTERRUPTED.contains(worker.status());
      worker.close();
      return isOver
          ? new Outcome(Fate.EXCEPTION, "end of the virtual machine", "")
          : new Outcome(Fate.TIMEOUT, "no end in time", "");
    }

    private List<MutantResult> inOrder() {
      List<MutantPlace> places =
          Targets.withSources(
              Arrays.stream(drawn).mapToObj(mutant -> mutants.get(mutant).place()).toList());
      List<MutantResult> named = new ArrayList<>();
      for (int i = 0; i < drawn.length; i++) {
        Outcome one = log.outcome(drawn[i]);
        if (one != null) {
          named.add(new MutantResult(places.get(i), one.fate(), one.by(), one.stage()));
        }
      }
      named.sort(
          Comparator.comparing((MutantResult result) -> result.place().type())
              .thenComparingInt(result -> result.place().line()));
      return named;
    }
  }
}
