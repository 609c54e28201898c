package org.pagewright.lab.experiment.suite;

import java.util.List;
import java.util.stream.Stream;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * How many huge pages are left while secret memory is in use.
 *
 * <p>Shaped like the benchmark hugepages-alloc of kernel-benchmarks-nix, which writes a large
 * number to nr_hugepages and reads how many there are, run beside its stressor that holds secret
 * memory. Here secret pages come in between ordinary kernel pages, as they would over a day.
 */
final class HugepagesAlloc extends HostExperiment {

  private static final long MEMORY_MAX = 256L << 30;
  private static final long STEP_BYTES = 64L << 10;
  private static final int HUGE_ORDER = 9;
  private static final int STEP_ORDINARY_MAX = 16;

  private static final List<Parameter> PARAMETERS =
      List.of(
          SecretMemory.MEMORY,
          Parameter.bytes("secret", "512M", STEP_BYTES, MEMORY_MAX, "secret memory in use"),
          Parameter.count(
              "mix", 8, 0, STEP_ORDINARY_MAX, "most kernel pages taken after 16 secret ones"),
          SecretMemory.CPUS);

  /** Secret memory takes no more than this part of what a trace leaves free. */
  private static final int SECRET_SHARE = 4;

  private static final List<Counted> COUNTED =
      List.of(
          new Counted("secret memory", Unit.BYTES, "memory that is secret"),
          new Counted("free before", Unit.BYTES, "free memory when huge pages are asked for"),
          new Counted("absent and free", Unit.BYTES, "of it, missing from the direct map"),
          new Counted("2M leaves split", Unit.COUNT, "direct-map leaves that became tables"),
          new Counted("4K leaves after", Unit.COUNT, "direct-map leaves of 4K at the end"));

  HugepagesAlloc() {
    super(
        new Outline(
            "hugepages-alloc",
            "How many huge pages are left while secret memory is in use? Secret pages are taken in"
                + " between ordinary kernel pages; then 2M pages are taken until there is none.",
            SecretMemory.variants(),
            PARAMETERS,
            List.of(
                new Metric("huge_pages", Unit.COUNT), new Metric("time_taken", Unit.NANOSECONDS)),
            COUNTED,
            /* samples= */ 3));
  }

  @Override
  public boolean canStartAfterTrace() {
    return true;
  }

  @Override
  public Sample run(Trial trial) {
    try (SimulatedHost host = SecretMemory.boot(trial)) {
      HostCounts fresh = HostCounts.of(host);
      long start = host.startClock();
      long secret = mix(host, trial);
      HostCounts before = HostCounts.of(host);
      long huge = takeHugePages(host);
      double ns = trial.costs().nanoseconds(host.cpu().cycles() - start);
      HostCounts after = HostCounts.of(host);
      return new Sample(
          new double[] {(double) huge, ns},
          HostParts.own(host, trial.costs()),
          HostParts.others(host, trial.costs()),
          new double[] {
            secret,
            before.freePages() * HostCounts.PAGE_BYTES,
            before.absentFreePages() * HostCounts.PAGE_BYTES,
            after.splits2M() - fresh.splits2M(),
            after.leaves4K()
          },
          List.of());
    }
  }

  private static long mix(SimulatedHost host, Trial trial) {
    long wanted = bytesThatFit(trial, "secret", SECRET_SHARE);
    int ordinaryMax = (int) trial.values().number("mix");
    SecretMemory memory = new SecretMemory(host, trial.variant());
    long taken = 0;
    while (taken < wanted) {
      long after = memory.take(taken + STEP_BYTES);
      if (after < taken + STEP_BYTES) {
        return after;
      }
      taken = after;
      int ordinary = host.choices().pick(ordinaryMax + 1, "kernel pages between secret ones");
      for (int i = 0; i < ordinary; i++) {
        if (host.allocator().allocate(host.cpu(), Gfp.KERNEL, 0) == PageAllocator.NONE) {
          return taken;
        }
      }
    }
    return taken;
  }

  private static long takeHugePages(SimulatedHost host) {
    Cpu cpu = host.cpu();
    long taken = 0;
    while (host.allocator().allocate(cpu, Gfp.HIGHUSER_MOVABLE | Gfp.COMP, HUGE_ORDER)
        != PageAllocator.NONE) {
      taken++;
    }
    return taken;
  }

  @Override
  public List<Finding> notes(Trial first) {
    return Stream.concat(
            noteOfFit(first, "secret", SECRET_SHARE).stream(), SecretMemory.NOTES.stream())
        .toList();
  }
}
