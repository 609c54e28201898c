package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtKernel;
import org.pagewright.kernel.ldt.UserDescriptor;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.mmlocal.MmLocalRegion.Policy;
import org.pagewright.kernel.mmlocal.MmLocalRegion.Sharing;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * What making and ending processes costs with an mm-local region that few or all of them use.
 *
 * <p>Asks what the text of "x86/mm: Generalize LDT remap into mm-local region" (2026) claims: that
 * preparing the region when it is first used avoids a cost at fork and exit. Left out: areas,
 * files, signals and all else that fork copies besides tables; caches.
 */
final class ForkExit implements Experiment {
  private static final long MIB = 1L << 20;
  private static final long PAGE_BYTES = 4096;
  private static final long PAE_BYTES_MAX = 800 * MIB;

  /** Objects besides tables: task, mm, files, signals. */
  private static final int SLAB_OBJECTS = 8;

  /** One design: when processes get the region, what is shared, how many use it. */
  private record Design(String name, Policy policy, Sharing sharing, int percent) {
    String summary() {
      String when = policy == Policy.ALWAYS ? "every process gets its region" : "region on demand";
      String what = sharing == Sharing.LDT ? ", user mode sees the LDT's part only" : "";
      return when + what + ", " + percent + " % of processes use it";
    }
  }

  private static final List<Design> DESIGNS = designs();

  private static List<Design> designs() {
    List<Design> designs = new ArrayList<>();
    for (int percent : new int[] {0, 10, 50, 100}) {
      designs.add(new Design("on-demand-" + percent, Policy.ON_DEMAND, Sharing.REGION, percent));
    }
    for (int percent : new int[] {0, 10, 50, 100}) {
      designs.add(new Design("always-" + percent, Policy.ALWAYS, Sharing.REGION, percent));
    }
    designs.add(new Design("always-ldt-0", Policy.ALWAYS, Sharing.LDT, 0));
    designs.add(new Design("on-demand-ldt-100", Policy.ON_DEMAND, Sharing.LDT, 100));
    return List.copyOf(designs);
  }

  @Override
  public String name() {
    return "fork-exit";
  }

  @Override
  public String description() {
    return "What do processes pay for an mm-local region at fork and exit? Regions made on demand"
        + " or for every process, used by none to all of them for an LDT, in time and in"
        + " pages of tables.";
  }

  @Override
  public List<Variant> variants() {
    return DESIGNS.stream()
        .map(design -> new Variant(design.name(), design.summary(), true))
        .toList();
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        Parameter.choice("mode", "paging mode", "4level", "5level", "pae"),
        Parameter.choice("isolation", "page-table isolation", "on", "off"),
        Parameter.count("processes", 200, 10, 100_000, "processes made and ended, one by one"),
        Parameter.bytes("size", "1M", PAGE_BYTES, 512 * MIB, "user memory that each one copies"),
        Parameter.bytes("memory", "512M", 64 * MIB, 64L << 30, "RAM of the machine"));
  }

  @Override
  public List<Metric> metrics() {
    return List.of(new Metric("time per process", Unit.NANOSECONDS));
  }

  @Override
  public List<Breakdown.Category> parts() {
    return List.of(
        new Breakdown.Category("create", "top tables, and the region where every process has it"),
        new Breakdown.Category("copy", "user entries and their tables"),
        new Breakdown.Category("switch", "to the child and back"),
        new Breakdown.Category("use", "the first modify_ldt()"),
        new Breakdown.Category("unmap", "user entries and their tables"),
        new Breakdown.Category("exit", "region, LDT, top tables"));
  }

  @Override
  public List<Breakdown.Category> otherParts() {
    return List.of();
  }

  @Override
  public List<Counted> counted() {
    return List.of(
        new Counted("pages per process", Unit.COUNT, "pages held while it lives, on average"),
        new Counted("region tables", Unit.COUNT, "tables of the region per process, on average"),
        new Counted("regions", Unit.COUNT, "processes that had a region"));
  }

  @Override
  public int samples() {
    return 1;
  }

  @Override
  public Sample run(Trial trial) {
    if (trial.machine().architecture() != MachineFile.Architecture.X86_64) {
      throw new IllegalArgumentException(
          "fork-exit asks about x86; expected a machine such as sapphire-rapids");
    }
    Design design =
        DESIGNS.stream()
            .filter(one -> one.name().equals(trial.variant().name()))
            .findFirst()
            .orElseThrow();
    try (LdtKernel kernel = new LdtKernel(kernelConfig(trial), parts(design))) {
      return measure(trial, kernel, design.percent());
    }
  }

  private static LdtKernel.Parts parts(Design design) {
    return new LdtKernel.Parts() {
      @Override
      public MmLocalRegion region(KernelMachine kernel) {
        return new MmLocalRegion(
            MmLocalLayout.of(kernel.machine().format()),
            design.policy(),
            design.sharing(),
            kernel.tables(),
            kernel.tablePages(),
            kernel.shootdown(),
            kernel.machine().events());
      }
    };
  }

  private static KernelConfig kernelConfig(Trial trial) {
    MachineFile file = trial.machine();
    boolean isPae = trial.values().text("mode").equals("pae");
    long bytes = trial.values().number("memory");
    long mib = (isPae ? Math.min(bytes, PAE_BYTES_MAX) : bytes) / MIB;
    MachineConfig machine =
        new MachineConfig(
            file.name(),
            MemoryMap.parse("0-640K,1M-" + mib + "M"),
            PteFormat.named("x86_64-" + trial.values().text("mode")),
            TlbGeometries.named(file.tlb()),
            CostTables.of(trial.costs()),
            /* cpus= */ 2);
    KernelConfig config = KernelConfig.of(machine);
    return config
        .withIsolation(trial.values().text("isolation").equals("on"))
        .withAddressSpaceNumbers(!isPae && file.features().pcid());
  }

  /** Cycles of one CPU by what they were spent on. */
  private static final class Clock {
    private final Cpu cpu;
    private final long[] cycles;
    private long since;

    Clock(Cpu cpu, int parts) {
      this.cpu = cpu;
      this.cycles = new long[parts];
    }

    void start() {
      since = cpu.cycles();
    }

    /** Ends a part and begins the next. */
    void lap(int part) {
      long now = cpu.cycles();
      cycles[part] += now - since;
      since = now;
    }
  }

  private Sample measure(Trial trial, LdtKernel kernel, int percent) {
    int processes = Math.toIntExact(trial.values().number("processes"));
    long pages = trial.values().number("size") / PAGE_BYTES;
    Cpu cpu = kernel.cpu(0);
    Mm parent = Objects.requireNonNull(kernel.start(cpu), "memory for the first process");
    Task task = Objects.requireNonNull(Task.current(cpu), "the first process runs");
    TableWorkload work = new TableWorkload(kernel.kernel(), /* hardened= */ null);
    work.populate(parent.kernelPgdPa(), pages, /* isFault= */ false);
    Clock clock = new Clock(cpu, parts().size());
    long regionsBefore = kernel.region().regionsUsed();
    long held = 0;
    long before = kernel.usedPages();
    for (int i = 0; i < processes; i++) {
      boolean isUser = (i + 1L) * percent / 100 > (long) i * percent / 100;
      Mm child = fork(kernel, work, clock, parent, pages);
      kernel.runThread(cpu, child);
      cpu.charge(Primitive.CONTEXT_SWITCH);
      clock.lap(2);
      if (isUser) {
        use(kernel, cpu);
      }
      clock.lap(3);
      held += kernel.usedPages() - before;
      end(kernel, work, clock, child, task, pages);
    }
    List<String> problems =
        kernel.usedPages() == before ? List.of() : List.of("pages were lost on the way");
    long regions = kernel.region().regionsUsed() - regionsBefore;
    return sample(
        trial, clock, new long[] {held, kernel.region().tablesFreed(), regions}, problems);
  }

  private static Mm fork(LdtKernel kernel, TableWorkload work, Clock clock, Mm parent, long pages) {
    Cpu cpu = kernel.cpu(0);
    clock.start();
    cpu.charge(Primitive.SYSCALL);
    cpu.charge(Primitive.SLAB, SLAB_OBJECTS);
    Mm child =
        Objects.requireNonNull(
            kernel.processes().duplicateMm(cpu, parent), "memory for one more process");
    clock.lap(0);
    work.fork(parent.kernelPgdPa(), child.kernelPgdPa(), pages);
    clock.lap(1);
    return child;
  }

  private static void use(LdtKernel kernel, Cpu cpu) {
    cpu.charge(Primitive.SYSCALL);
    UserDescriptor wanted = new UserDescriptor(0, 0, 10, UserDescriptor.SEG_32BIT);
    int error = kernel.write(cpu, wanted, /* isOldMode= */ false);
    assert error == 0 : error;
  }

  private static void end(
      LdtKernel kernel, TableWorkload work, Clock clock, Mm child, Task next, long pages) {
    Cpu cpu = kernel.cpu(0);
    clock.start();
    kernel.processes().run(cpu, next);
    cpu.charge(Primitive.CONTEXT_SWITCH);
    clock.lap(2);
    work.unmapShared(child.kernelPgdPa(), pages);
    clock.lap(4);
    kernel.processes().exit(cpu, child);
    cpu.charge(Primitive.SLAB, SLAB_OBJECTS);
    clock.lap(5);
  }

  private Sample sample(Trial trial, Clock clock, long[] totals, List<String> problems) {
    double processes = trial.values().number("processes");
    double[] parts = new double[clock.cycles.length];
    double sum = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = trial.costs().nanoseconds(clock.cycles[i]) / processes;
      sum += parts[i];
    }
    return new Sample(
        new double[] {sum},
        parts,
        new double[0],
        new double[] {totals[0] / processes, totals[1] / processes, totals[2]},
        problems);
  }

  @Override
  public List<Finding> notes(Trial first) {
    return List.of(
        new Finding(
            Finding.Level.NOTE,
            "no measurement of the region's price at fork and exit is published; what fork does"
                + " besides tables is eight objects, so that shares are upper bounds"));
  }
}
