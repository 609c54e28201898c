package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.IdleState;
import org.pagewright.kernel.compact.Compaction;
import org.pagewright.kernel.compact.PageMover;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.secret.GuestMemfd;
import org.pagewright.kernel.secret.GuestMemfdConfig;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;
import org.pagewright.lab.experiment.CostFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Values;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * How long it takes to fill a guest's memory by write(), when none of it may stay in the direct
 * map.
 *
 * <p>Models Firecracker's {@code test_population_latency} with one vCPU and 1024 MiB: its handler
 * writes the whole snapshot, which is mapped and populated before, with one pwrite() into
 * guest_memfd (firecracker, {@code uffd_utils.rs}, {@code populate_via_write}). It is the benchmark
 * of the cover letter of "mm: Add __GFP_UNMAPPED" (RFC, 2026-02). Left out: the page faults that
 * precede and follow the write, and KVM.
 */
final class Populate extends HostExperiment {

  private static final long PAGE_BYTES = 4096;
  private static final long HUGE_BYTES = 2L << 20;
  private static final long GUEST_BYTES_MAX = 64L << 30;
  private static final int HUGE_ORDER = 9;
  private static final int CPUS_MAX = 1024;

  private static final String NEVER_COMPACTS = "unmapped-no-compaction";

  private static final int CONTENT = FrameContent.secretOf(1);

  /** A variant with the kernel that it needs. */
  private record Design(
      Variant variant, GuestMemfdConfig file, MermapConfig mermap, PoolRequest request) {

    /** Whether a request that finds no pageblock may move pages to make one. */
    boolean compacts() {
      return !variant.name().equals(NEVER_COMPACTS);
    }
  }

  private static final List<Design> DESIGNS =
      List.of(
          design(
              "baseline",
              "each page removed and flushed on every CPU",
              true,
              GuestMemfdConfig.BASELINE,
              MermapConfig.V2,
              PoolRequest.ALLOC_FLAG),
          design(
              "unmapped",
              "pages from pools of unmapped pageblocks, filled by mermap (v4)",
              true,
              GuestMemfdConfig.UNMAPPED,
              MermapConfig.V2,
              PoolRequest.ALLOC_FLAG),
          design(
              "skip-flush",
              "each page removed, nothing flushed: unsafe, for comparison",
              true,
              GuestMemfdConfig.SKIP_FLUSH,
              MermapConfig.V2,
              PoolRequest.ALLOC_FLAG),
          design(
              "unmapped-v1",
              "the pool as posted in v1: GFP bit, zeroed pages, mermap v1",
              false,
              GuestMemfdConfig.UNMAPPED_ZEROED,
              MermapConfig.V1,
              PoolRequest.GFP_BIT),
          design(
              "unmapped-v2",
              "the pool as posted in v2: GFP bit, zeroed pages, mermap v2",
              false,
              GuestMemfdConfig.UNMAPPED_ZEROED,
              MermapConfig.V2,
              PoolRequest.GFP_BIT),
          design(
              "unmapped-v3",
              "the pool as posted in v3: allocation flag, nothing zeroed",
              false,
              GuestMemfdConfig.UNMAPPED,
              MermapConfig.V2,
              PoolRequest.ALLOC_FLAG),
          design(
              NEVER_COMPACTS,
              "v4's pool, from pageblocks that are free as they are: nothing is moved",
              false,
              GuestMemfdConfig.UNMAPPED,
              MermapConfig.V2,
              PoolRequest.ALLOC_FLAG),
          design(
              "mapped",
              "pages stay in the direct map: what removal costs at all",
              false,
              GuestMemfdConfig.MAPPED,
              MermapConfig.V2,
              PoolRequest.ALLOC_FLAG));

  private static final List<Parameter> PARAMETERS =
      List.of(
          Parameter.bytes("guest", "1G", PAGE_BYTES, GUEST_BYTES_MAX, "memory of the guest"),
          Parameter.bytes(
              "chunk", "2G", PAGE_BYTES, GUEST_BYTES_MAX, "most bytes that one write() carries"),
          Parameter.bytes(
              "page", "4K", PAGE_BYTES, HUGE_BYTES, "size of the file's folios: 4K, 2M"),
          Parameter.count("cpus", 0, 0, CPUS_MAX, "logical CPUs online, 0 for as the machine has"),
          Parameter.choice(
              "others", "what the other CPUs do", "idle", "lazy", "busy-other", "busy-same"),
          Parameter.choice(
              "idle-state", "where idle CPUs wait for interrupts", "c1", "polling", "c6"),
          Parameter.count(
              "fragmented", 0, 0, 100, "percent of free memory that pages in use leave holes in"),
          Parameter.choice(
              "holders", "whether the pages between the holes can be moved", "pinned", "movable"),
          Parameter.choice(
              "check",
              "whether every invariant is checked after every write(); slow, so take a small guest"
                  + " and chunk",
              "off",
              "on"));

  /** A guest takes no more than this part of what a trace leaves free. */
  private static final int GUEST_SHARE = 2;

  private static final List<Counted> COUNTED =
      List.of(
          count("flushes of kernel addresses", "shootdowns of direct-map addresses"),
          count("full flushes", "of these, more than single pages: everything is dropped"),
          count("interrupts sent", "CPUs interrupted by the CPU under test for a flush"),
          count("local flushes", "flushes of the CPU under test alone, by the mermap"),
          count("1G leaves split", "direct-map leaves of 1G that became tables"),
          count("2M leaves split", "direct-map leaves of 2M that became tables"),
          count("4K leaves before", "direct-map leaves of 4K before the write"),
          count("4K leaves after", "direct-map leaves of 4K after the write"),
          count("2M leaves after", "direct-map leaves of 2M after the write"),
          count("1G leaves after", "direct-map leaves of 1G after the write"),
          new Counted(
              "absent and free", Unit.BYTES, "free memory that is missing from the direct map"),
          count("free 2M blocks before", "whole pageblocks that are free before the write"),
          count("free 2M blocks after", "whole pageblocks that are free after the write"),
          new Counted("removed", Unit.BYTES, "memory of the guest that left the direct map"),
          count("pages moved", "pages that were moved so that pageblocks came free"),
          count("pages not moved", "pages that were asked to move and stayed"),
          count("compactions", "attempts that a request waited for"),
          count("compactions served", "of these, those that gave it memory"),
          count("secret frames in TLBs", "frames of the guest that some TLB still reaches"),
          count(
              "freed frames in mermap",
              "frames that were freed with the guest and that some TLB reaches by the mermap"));

  private static Design design(
      String name,
      String summary,
      boolean byDefault,
      GuestMemfdConfig file,
      MermapConfig mermap,
      PoolRequest request) {
    return new Design(new Variant(name, summary, byDefault), file, mermap, request);
  }

  private static Counted count(String name, String meaning) {
    return new Counted(name, Unit.COUNT, meaning);
  }

  Populate() {
    super(
        new Outline(
            "populate",
            "How long does it take to fill a guest's memory by write() if none of it may stay in"
                + " the kernel's direct map? Firecracker's population latency, one vCPU, 1024 MiB:"
                + " the baseline removes and flushes page by page, the pool hands out pages that"
                + " are missing already.",
            DESIGNS.stream().map(Design::variant).toList(),
            PARAMETERS,
            List.of(new Metric("populate_latency", Unit.NANOSECONDS)),
            COUNTED,
            /* samples= */ 5));
  }

  @Override
  public boolean canStartAfterTrace() {
    return true;
  }

  @Override
  public Sample run(Trial trial) {
    Design design =
        DESIGNS.stream().filter(d -> d.variant().equals(trial.variant())).findFirst().orElseThrow();
    Values values = trial.values();
    if (design.file().removal() == GuestMemfdConfig.Removal.POOLED
        && !SimulatedHost.hasMermap(trial.machine())) {
      throw new BadInput(
          "machine " + trial.machine().name(),
          "variant " + trial.variant().name() + " needs the mermap, which is x86-64 only",
          "an x86-64 machine, or only the variants baseline, skip-flush and mapped");
    }
    try (SimulatedHost host =
        SimulatedHost.boot(trial, (int) values.number("cpus"), design.mermap())) {
      host.occupy(
          SimulatedHost.Others.valueOf(constant(values.text("others"))),
          IdleState.valueOf(constant(values.text("idle-state"))));
      boolean isMovable = values.text("holders").equals("movable");
      Fragmenter.fragment(host, values.number("fragmented"), isMovable);
      if (!design.compacts()) {
        host.allocator().setMover(PageMover.NOBODY);
      }
      host.takePages();
      return fill(trial, host, design);
    }
  }

  private static String constant(String word) {
    return word.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private Sample fill(Trial trial, SimulatedHost host, Design design) {
    Values values = trial.values();
    long bytes = bytesThatFit(trial, "guest", GUEST_SHARE);
    Cpu cpu = host.cpu();
    SecretPages pages = host.secretPages(design.request());
    int order = values.number("page") == HUGE_BYTES ? HUGE_ORDER : 0;
    GuestMemfd file = GuestMemfd.create(cpu, pages, design.file().withFolioOrder(order), bytes);
    if (file == null) {
      throw new IllegalArgumentException(
          "a guest of " + values.text("guest") + " is no whole number of pages of the file");
    }
    HostCounts before = HostCounts.of(host);
    long start = host.startClock();
    List<String> problems = new ArrayList<>();
    IsolationWatch watch =
        values.text("check").equals("on") ? new IsolationWatch(host, file, design.file()) : null;
    boolean isWhole = write(cpu, file, bytes, values.number("chunk"), watch, problems);
    long cycles = cpu.cycles() - start;
    HostCounts after = HostCounts.of(host);
    long reachable = IsolationWatch.secretsInTlbs(host, file);
    if (reachable > 0 && IsolationWatch.promisesFlush(design.file())) {
      problems.add(IsolationWatch.REACHABLE);
    }
    CostFile costs = trial.costs();
    double[] own = HostParts.own(host, costs);
    double[] others = HostParts.others(host, costs);
    double[] counts = counts(host, file, before, after);
    counts[counts.length - 2] = reachable;
    if (design.file().removal() == GuestMemfdConfig.Removal.POOLED) {
      counts[counts.length - 1] = freedInMermap(host, file, problems);
    }
    return new Sample(
        new double[] {costs.nanoseconds(cycles)}, own, others, counts, problems, isWhole);
  }

  /** The guest ends: its frames go back, and the mermap must have forgotten them by then. */
  private static long freedInMermap(SimulatedHost host, GuestMemfd file, List<String> problems) {
    BitSet frames = IsolationWatch.frames(file);
    file.release(host.cpu());
    long reachable = IsolationWatch.reachedByMermap(host, frames);
    if (reachable > 0) {
      problems.add(IsolationWatch.FREED_TOO_EARLY);
    }
    return reachable;
  }

  /** Fills the guest; false if that ended early. */
  private static boolean write(
      Cpu cpu,
      GuestMemfd file,
      long bytes,
      long chunk,
      @Nullable IsolationWatch watch,
      List<String> problems) {
    boolean isWhole = true;
    for (long at = 0; at < bytes && problems.isEmpty(); at += chunk) {
      long part = Math.min(chunk, bytes - at);
      long written = file.write(cpu, at, part, CONTENT);
      if (written != part) {
        problems.add("write() of " + part + " bytes answered " + written);
        isWhole = false;
      }
      if (watch != null) {
        watch.check(problems);
      }
    }
    return isWhole;
  }

  /** What is counted up to the end of the write; the last two are filled in later. */
  private static double[] counts(
      SimulatedHost host, GuestMemfd file, HostCounts before, HostCounts after) {
    Compaction compaction = host.allocator().compaction();
    return new double[] {
      host.shootdown().counters().total(Counter.KERNEL_FLUSHES),
      host.shootdown().counters().total(Counter.FULL_FLUSHES),
      host.shootdown().counters().total(Counter.INTERRUPTS_SENT),
      host.shootdown().counters().total(Counter.LOCAL_FLUSHES),
      after.splits1G() - before.splits1G(),
      after.splits2M() - before.splits2M(),
      before.leaves4K(),
      after.leaves4K(),
      after.leaves2M(),
      after.leaves1G(),
      after.absentFreePages() * PAGE_BYTES,
      before.freeBlocks(),
      after.freeBlocks(),
      (double) IsolationWatch.frames(file).cardinality() * PAGE_BYTES,
      compaction.movedPages(),
      compaction.refusedPages(),
      compaction.stalls(),
      compaction.successes(),
      0,
      0
    };
  }

  @Override
  public List<Finding> notes(Trial first) {
    List<Finding> notes = new ArrayList<>();
    noteOfFit(first, "guest", GUEST_SHARE).ifPresent(notes::add);
    notes.add(
        new Finding(
            Finding.Level.NOTE,
            "published, on a machine whose CPUs are not named: baseline 1.04 s, pool 313 ms"
                + " (-70.0 %), without flushes 326 ms (-68.8 %)"));
    notes.add(
        new Finding(
            Finding.Level.NOTE,
            "why the changes differ from the published ones: how many CPUs there are and where they"
                + " idle decides how long each flush of the baseline waits; compare --set cpus=N"
                + " and --set idle-state=polling. No cost was fitted to the published result"));
    notes.add(
        new Finding(
            Finding.Level.NOTE,
            "samples differ only in how much memory was taken before; a real machine varies more"));
    notes.add(
        new Finding(
            Finding.Level.NOTE,
            "costs come from several machines; docs/models/costs.md and docs/models/populate.md"
                + " say how far to trust the result"));
    return notes;
  }
}
