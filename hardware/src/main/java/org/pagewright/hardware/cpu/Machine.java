package org.pagewright.hardware.cpu;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.hardware.tlb.TlbView;

/** A whole simulated machine: RAM, CPUs, and what happened on them. */
public final class Machine implements AutoCloseable {
  private final MachineConfig config;
  private final Choices choices;
  private final PhysicalMemory memory;
  private final Walker walker;
  private final EventLog events = new EventLog();
  private final LockOrder lockOrder = new LockOrder(events);
  private final Interrupts interrupts = new Interrupts(this);
  private final Cpu[] cpus;
  private final List<TlbView> otherTlbs = new ArrayList<>();
  private @Nullable Interleaving interleaving;
  private @Nullable Speculation speculation;

  /** A machine whose open decisions are all the first alternative. */
  public Machine(MachineConfig config) {
    this(config, Choices.first());
  }

  /** A machine after reset: RAM is zero, roots are 0, clocks are 0. */
  public Machine(MachineConfig config, Choices choices) {
    this.config = config;
    this.choices = choices;
    this.memory = new PhysicalMemory(config.map());
    this.walker = new Walker(memory, config.format());
    this.cpus = new Cpu[config.cpus()];
    for (int id = 0; id < cpus.length; id++) {
      cpus[id] = new Cpu(this, id);
    }
  }

  public MachineConfig config() {
    return config;
  }

  public Choices choices() {
    return choices;
  }

  public PhysicalMemory memory() {
    return memory;
  }

  public Walker walker() {
    return walker;
  }

  public PteFormat format() {
    return config.format();
  }

  public CostTable costs() {
    return config.costs();
  }

  public EventLog events() {
    return events;
  }

  /** Calls on other CPUs. */
  public Interrupts interrupts() {
    return interrupts;
  }

  /** How many CPUs there are. */
  public int cpus() {
    return cpus.length;
  }

  public Cpu cpu(int id) {
    return cpus[id];
  }

  /** The CPU whose clock is behind all others: who goes next where work may run anywhere. */
  public Cpu earliestCpu() {
    Cpu earliest = cpus[0];
    for (Cpu cpu : cpus) {
      earliest = cpu.cycles() < earliest.cycles() ? cpu : earliest;
    }
    return earliest;
  }

  /** The clock that is ahead of all others. */
  public long latestCycle() {
    long latest = 0;
    for (Cpu cpu : cpus) {
      latest = Math.max(latest, cpu.cycles());
    }
    return latest;
  }

  /** Adds the translation caches of a walker that is no CPU. */
  public void attach(TlbView tlb) {
    otherTlbs.add(tlb);
  }

  /** Translation caches of walkers that are no CPUs. */
  public List<TlbView> otherTlbs() {
    return List.copyOf(otherTlbs);
  }

  LockOrder lockOrder() {
    return lockOrder;
  }

  /** The name of a class of locks in events. */
  public String lockClassName(long number) {
    return lockOrder.lockClass((int) number).name();
  }

  /**
   * Forgets what an explored run that was stopped half-way left behind on the CPUs: depths, locks
   * and calls. Memory, TLBs and clocks stay.
   */
  public void abandonRun() {
    for (Cpu cpu : cpus) {
      cpu.abandon();
    }
  }

  // ---- the seam ----

  /** The explored run that is going on, or null in a straight run. */
  public @Nullable Interleaving interleaving() {
    return interleaving;
  }

  void beginInterleaving(Interleaving run) {
    if (interleaving != null) {
      throw new IllegalStateException("an explored run is going on");
    }
    interleaving = run;
    refreshHooks();
  }

  void endInterleaving() {
    interleaving = null;
    refreshHooks();
  }

  /** What the TLBs do on their own, or null when they do nothing. */
  public @Nullable Speculation speculation() {
    return speculation;
  }

  /** Lets the TLBs fill and evict on their own from here on; null stops it. */
  public void speculate(@Nullable Speculation behaviour) {
    speculation = behaviour;
    refreshHooks();
  }

  private void refreshHooks() {
    StepHook hook = interleaving != null ? interleaving : speculation;
    for (Cpu cpu : cpus) {
      cpu.setHook(hook);
    }
  }

  /** Gives the RAM back; nothing of the machine may be used afterwards. */
  @Override
  public void close() {
    memory.close();
  }
}
