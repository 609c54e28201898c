package org.pagewright.lab.experiment.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.RunPlan;
import org.pagewright.lab.experiment.RunResult;
import org.pagewright.lab.experiment.Runner;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.trace.TraceReplay;

/** A simulated host whose memory is what a recorded boot left free. */
class TracedMemoryTest {
  private static final int DMA32 = 1;
  private static final int ORDER = 4;
  private static final int TYPE = 1;

  private static Path sample() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve("pagewright"))) {
      folder = folder.getParent();
    }
    return Path.of(String.valueOf(folder), "samples/traces/boot-1cpu-512m.trace.gz");
  }

  @Test
  void loadedAllocator_keepsTheOrderOfTheListsAndItsInvariants() throws IOException {
    TracedMemory traced = TracedMemory.after(sample());
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level"))
            .withMap(MemoryMap.of(traced.bytes()))
            .withCpus(2);
    try (Machine machine = new Machine(hardware);
        PageAllocator recorded = TraceReplay.stateAfter(sample())) {
      recorded.drainAll();
      EarlyKernel kernel = new EarlyKernel(KernelConfig.of(hardware), machine);
      MovableFrames movable = new MovableFrames();
      try (PageAllocator loaded = traced.load(kernel, AllocatorRules.V7_0, movable)) {
        AllocatorRepairs state = new AllocatorRepairs(loaded);
        long[] theirs = new AllocatorRepairs(recorded).freeList(DMA32, ORDER, TYPE);

        assertThat(state.brokenInvariant()).isNull();
        assertThat(movable.blocks()).as("blocks that may move").isGreaterThan(1000);
        assertThat(loaded.freePages() << 12).isPositive().isLessThanOrEqualTo(traced.freeBytes());
        long[] ours = state.freeList(DMA32, ORDER, TYPE);

        // Boot's own frames are missing; what is left stands in the recorded order.
        assertThat(ours).hasSizeGreaterThan(3);
        assertThat(theirs).containsSubsequence(ours);
      }
    }
  }

  @Test
  void populate_afterATrace_fillsHalfOfWhatItLeavesInEveryVariant() {
    Experiment populate = Experiments.named("populate");
    RunPlan plan = afterSample("populate", List.of());
    RunResult result = new Runner(plan, 2).run((done, all) -> {});

    assertThat(result.measured()).hasSize(3);
    for (Variant variant : result.measured()) {
      assertThat(result.of(variant).getFirst().problems()).as(variant.name()).isEmpty();
    }
    assertThat(populate.notes(plan.trial(plan.variants().getFirst(), 0)).getFirst().text())
        .isEqualTo("guest is 178 MiB instead of 1024: one part in 2 of what the trace leaves free");
  }

  @Test
  void unmappedRequests_inMemoryThatIsInPieces_getPageblocksByMovingPages() {
    RunPlan plan =
        afterSample(
            "populate",
            List.of("unmapped", "unmapped-v2", "unmapped-no-compaction"),
            "fragmented=100",
            "holders=movable",
            "guest=16M");
    RunResult result = new Runner(plan, 2).run((done, all) -> {});
    List<Boolean> isWhole =
        plan.variants().stream().map(variant -> result.of(variant).getFirst().isWhole()).toList();

    assertThat(isWhole).containsExactly(true, false, false);
  }

  private RunPlan afterSample(String experiment, List<String> variants, String... settings) {
    List<String> all = Stream.concat(Stream.of("cpus=2"), Stream.of(settings)).toList();
    return RunPlan.of(
        Experiments.named(experiment),
        new RunPlan.Request(variants, 1, null, null, all, List.of(), sample(), 1L));
  }

  @Test
  void hugePages_afterATrace_areLeftBesideSecretMemory() {
    RunPlan plan = afterSample("hugepages-alloc", List.of("v4"));
    RunResult result = new Runner(plan, 1).run((done, all) -> {});

    assertThat(result.of(plan.variants().getFirst()).getFirst().metrics()[0]).isPositive();
  }

  @Test
  void experimentWithFreshMemory_refusesATrace() {
    assertThatThrownBy(() -> afterSample("table-hardening", List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("table-hardening starts with fresh memory; expected no --after-trace");
  }

  @Test
  void fileThatIsNoTrace_isRefused(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("notes.txt"), "no trace at all\n");

    assertThatThrownBy(() -> TracedMemory.after(file)).isInstanceOf(BadInput.class);
  }
}
