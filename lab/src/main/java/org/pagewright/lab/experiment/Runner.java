package org.pagewright.lab.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Takes the samples of a plan.
 *
 * <p>Each sample is one simulated machine on one host thread; several run at once. What comes out
 * does not depend on how many. Samples are taken round by round over the variants, so that a run
 * that is stopped early has about as many of each.
 */
public final class Runner {

  /** Hears how far a run is; called from the thread that called {@link #run}. */
  public interface Progress {
    /** {@code done} of {@code all} samples are finished. */
    void at(int done, int all);
  }

  /** A sample that is being taken. */
  private record Pending(Variant variant, Future<Sample> sample) {}

  private final RunPlan plan;
  private final int threads;
  private volatile boolean stopped;

  /** A run of {@code plan} with up to {@code threads} samples at once. */
  public Runner(RunPlan plan, int threads) {
    this.plan = plan;
    this.threads = Math.max(1, threads);
  }

  /** Makes {@link #run} return what it has, from any thread. */
  public void stop() {
    stopped = true;
  }

  /** Takes the samples, or as many as there is time for before {@link #stop}. */
  public RunResult run(Progress progress) {
    Map<Variant, List<Sample>> samples = new LinkedHashMap<>();
    plan.variants().forEach(variant -> samples.put(variant, new ArrayList<>()));
    int all = plan.samples() * plan.variants().size();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads, Runner::daemon)) {
      List<Pending> pending = submitAll(pool);
      int done = 0;
      progress.at(done, all);
      for (Pending next : pending) {
        if (stopped) {
          break;
        }
        Sample sample = await(next.sample());
        if (sample == null) {
          break;
        }
        samples.computeIfAbsent(next.variant(), v -> new ArrayList<>()).add(sample);
        progress.at(++done, all);
      }
      pool.shutdownNow();
    }
    return new RunResult(plan, samples);
  }

  private List<Pending> submitAll(ExecutorService pool) {
    List<Pending> pending = new ArrayList<>();
    for (int index = 0; index < plan.samples(); index++) {
      for (Variant variant : plan.variants()) {
        Trial trial = plan.trial(variant, index);
        pending.add(new Pending(variant, pool.submit(() -> plan.experiment().run(trial))));
      }
    }
    return pending;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "sample");
    thread.setDaemon(true);
    return thread;
  }

  private @Nullable Sample await(Future<Sample> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
      return null;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException problem) {
        throw problem;
      }
      if (e.getCause() instanceof Error problem) {
        throw problem;
      }
      throw new IllegalStateException(e.getCause());
    }
  }
}
