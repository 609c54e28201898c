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
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.lab.mutation.MutantPlace;
import org.pagewright.lab.mutation.MutantResult;
import org.pagewright.lab.mutation.MutantResult.Fate;
import org.pagewright.lab.mutation.MutationPlan;
import org.pagewright.lab.mutation.MutationRunner;

/** Draws mutants and has them tried by virtual machines of their own. */
public final class ForkedMutationRunner implements MutationRunner {
  private static final int REPORT_EVERY = 50;

  @Override
  public List<String> packages() {
    return Targets.PACKAGES;
  }

  @Override
  public List<MutantResult> run(MutationPlan plan, Consumer<String> progress) {
    List<Mutant> mutants = Targets.mutants();
    int[] drawn = draw(mutants, plan);
    if (drawn.length == 0) {
      return List.of();
    }
    Path agent = agent();
    try {
      return new Run(plan, mutants, drawn, agent, progress).results();
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
  private static final class Run {
    private final MutationPlan plan;
    private final List<Mutant> mutants;
    private final int[] drawn;
    private final Path agent;
    private final Consumer<String> progress;
    private final AtomicInteger next = new AtomicInteger();
    private final @Nullable MutantResult[] results;
    private List<List<Integer>> stages = List.of();

    Run(
        MutationPlan plan,
        List<Mutant> mutants,
        int[] drawn,
        Path agent,
        Consumer<String> progress) {
      this.plan = plan;
      this.mutants = mutants;
      this.drawn = drawn;
      this.agent = agent;
      this.progress = progress;
      this.results = new MutantResult[drawn.length];
    }

    List<MutantResult> results() {
      try (WorkerProcess first = new WorkerProcess(agent, plan.isSmoke())) {
        stages = reaching(first.cover());
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
      return inOrder();
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
          if (i % REPORT_EVERY == 0 && i > 0) {
            progress.accept(i + " of " + drawn.length + " mutants");
          }
          MutantPlace place = mutants.get(drawn[i]).place();
          if (stages.get(drawn[i]).isEmpty()) {
            results[i] = new MutantResult(place, Fate.NOT_REACHED, "", "");
            continue;
          }
          worker = worker == null ? new WorkerProcess(agent, plan.isSmoke()) : worker;
          String answer = worker.attempt(drawn[i], stages.get(drawn[i]), plan.seconds());
          if (answer == null) {
            results[i] =
                worker.isOver()
                    ? new MutantResult(place, Fate.EXCEPTION, "end of the virtual machine", "")
                    : new MutantResult(place, Fate.TIMEOUT, "no end in time", "");
            worker.close();
            worker = null;
          } else {
            String[] words = answer.split("\t", -1);
            results[i] = new MutantResult(place, Fate.valueOf(words[0]), words[1], words[2]);
          }
        }
      } finally {
        if (worker != null) {
          worker.close();
        }
      }
    }

    private List<MutantResult> inOrder() {
      List<MutantResult> all = Arrays.stream(results).map(Objects::requireNonNull).toList();
      List<MutantPlace> places =
          Targets.withSources(all.stream().map(MutantResult::place).toList());
      List<MutantResult> named = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        MutantResult one = all.get(i);
        named.add(new MutantResult(places.get(i), one.fate(), one.by(), one.stage()));
      }
      named.sort(
          Comparator.comparing((MutantResult result) -> result.place().type())
              .thenComparingInt(result -> result.place().line()));
      return named;
    }
  }
}
