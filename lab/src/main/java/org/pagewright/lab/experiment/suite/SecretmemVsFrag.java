package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Values;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * How much secret memory can be had from fragmented memory.
 *
 * <p>Models the benchmark secretmem-vs-frag of kernel-benchmarks-nix: a process takes secret memory
 * in files of 128 MiB until it gets no more, with and without an antagonist that has filled memory
 * with locked chunks of 64 KiB and holes between them. Left out: the OOM killer; the process stops.
 */
final class SecretmemVsFrag extends HostExperiment {

  private static final List<Parameter> PARAMETERS =
      List.of(
          SecretMemory.MEMORY,
          Parameter.choice("antagonist", "whether memory is fragmented before", "on", "off"),
          Parameter.count("percent", 90, 1, 100, "share of free memory that is fragmented"),
          SecretMemory.CPUS);

  private static final List<Counted> COUNTED =
      List.of(
          new Counted("locked by the antagonist", Unit.BYTES, "memory it keeps"),
          new Counted("free at the end", Unit.BYTES, "memory that is free and was not given"),
          new Counted("absent and free", Unit.BYTES, "of it, missing from the direct map"),
          new Counted("free 2M blocks before", Unit.COUNT, "whole pageblocks at the start"),
          new Counted("2M leaves split", Unit.COUNT, "direct-map leaves that became tables"),
          new Counted("4K leaves after", Unit.COUNT, "direct-map leaves of 4K at the end"));

  SecretmemVsFrag() {
    super(
        new Outline(
            "secretmem-vs-frag",
            "How much secret memory can be had from fragmented memory? One process takes it until"
                + " there is no more; pools need whole free pageblocks, single pages do not.",
            SecretMemory.variants(),
            PARAMETERS,
            List.of(
                new Metric("secret_memory", Unit.BYTES),
                new Metric("time_taken", Unit.NANOSECONDS)),
            COUNTED,
            /* samples= */ 2));
  }

  @Override
  public boolean canStartAfterTrace() {
    return true;
  }

  @Override
  public Sample run(Trial trial) {
    Values values = trial.values();
    try (SimulatedHost host = SecretMemory.boot(trial)) {
      boolean fragmented = values.text("antagonist").equals("on");
      long kept =
          fragmented
              ? Fragmenter.fragment(host, values.number("percent"), /* isMovable= */ false)
              : 0;
      HostCounts before = HostCounts.of(host);
      long start = host.startClock();
      long taken = new SecretMemory(host, trial.variant()).take(values.number("memory"));
      double ns = trial.costs().nanoseconds(host.cpu().cycles() - start);
      HostCounts after = HostCounts.of(host);
      return new Sample(
          new double[] {(double) taken, ns},
          HostParts.own(host, trial.costs()),
          HostParts.others(host, trial.costs()),
          new double[] {
            kept * HostCounts.PAGE_BYTES,
            after.freePages() * HostCounts.PAGE_BYTES,
            after.absentFreePages() * HostCounts.PAGE_BYTES,
            before.freeBlocks(),
            after.splits2M() - before.splits2M(),
            after.leaves4K()
          },
          List.of());
    }
  }

  @Override
  public List<Finding> notes(Trial first) {
    return SecretMemory.NOTES;
  }
}
