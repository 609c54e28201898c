package org.pagewright.kernel.tlbflush;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.IpiWork;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;

/**
 * Makes every CPU forget translations that are no longer true.
 *
 * <p>Models {@code flush_tlb_kernel_range()}, {@code flush_tlb_all()}, {@code
 * flush_tlb_mm_range()}, {@code switch_mm_irqs_off()} and {@code enter_lazy_tlb()} (Linux 7.0;
 * arch/x86/mm/tlb.c, arch/arm64/include/asm/tlbflush.h, arch/riscv/mm/tlbflush.c).
 */
public class TlbShootdown {
  /*
   * What Linux does: addresses of the kernel are flushed on every CPU, lazy and idle ones too,
   * because all share them: page by page up to a limit, everything above it. An address space is
   * flushed where it may be cached: its generation goes up first, then CPUs that run it are
   * interrupted; a lazy one is spared unless tables were freed, because it compares generations
   * before it runs the address space again. Where invalidation is broadcast, nobody is
   * interrupted.
   *
   * What this does: the same decisions; the instructions themselves are LocalFlush's part. The
   * initiator interrupts the others, does its own share while they work, and waits for the last.
   *
   * What is left out: see the package.
   */

  private final Machine machine;
  private final EventLog events;
  private LazyLeave lazyLeave = cpu -> {};
  private final FlushConfig config;
  private final LocalFlush local;
  private final FlushCounters counters;
  private final CpuTlbState[] states;
  private final FlushRequest[] requests;
  private final MmTlb kernelMm;

  /** What the initiator of the flush in progress spent on its own translations, by CPU. */
  private final long[] ownCycles;

  private final int pageShift;

  /**
   * All CPUs run on the kernel's own address space at first.
   *
   * @param kernelMm the state of {@code init_mm}
   */
  public TlbShootdown(Machine machine, FlushConfig config, MmTlb kernelMm) {
    this.machine = machine;
    this.events = machine.events();
    this.config = config;
    this.kernelMm = kernelMm;
    this.pageShift = machine.format().pageShift();
    this.counters = new FlushCounters(machine.cpus());
    this.local = new LocalFlush(machine.format(), config, counters);
    this.states = new CpuTlbState[machine.cpus()];
    this.requests = new FlushRequest[machine.cpus()];
    this.ownCycles = new long[machine.cpus()];
    for (int i = 0; i < states.length; i++) {
      states[i] = new CpuTlbState(kernelMm);
      requests[i] = new FlushRequest(i);
      kernelMm.add(i);
    }
  }

  public FlushConfig config() {
    return config;
  }

  public FlushCounters counters() {
    return counters;
  }

  /** What a CPU remembers about its translations. */
  public CpuTlbState state(int cpu) {
    return states[cpu];
  }

  /** The kernel's own address space. Models {@code init_mm}. */
  public MmTlb kernelMm() {
    return kernelMm;
  }

  // ---- kernel addresses ----

  /** Flushes {@code [from, to)} of the kernel's addresses everywhere. */
  public void flushKernelRange(Cpu cpu, long from, long to) {
    long pages = (to - from + (1L << pageShift) - 1) >>> pageShift;
    boolean all = pages > limitPages();
    FlushRequest request = begin(cpu, from, to, all);
    if (config.broadcasts()) {
      local.broadcastKernel(cpu, from, pages, all);
    } else {
      everywhere(cpu, request);
    }
    events.record(KernelEvent.FLUSHED_KERNEL, cpu.id(), from, to, 0);
  }

  /**
   * A kernel table for {@code [from, to)} was taken out: makes every CPU forget that walks went
   * through it. Models {@code __flush_tlb_kernel_pgtable()} of arm64, and what {@code
   * pmd_free_pte_page()} flushes elsewhere: on x86 any page, for INVLPG drops walks too, but those
   * of the current PCID only; on riscv the whole range, which is above the limit, for SFENCE.VMA of
   * an address is about leaves.
   */
  public void flushKernelTable(Cpu cpu, long from, long to) {
    if (config.isArm64()) {
      FlushRequest request = begin(cpu, from, to, /* all= */ false);
      assert !request.all();
      local.broadcastKernelTable(cpu, from);
      events.record(KernelEvent.FLUSHED_KERNEL, cpu.id(), from, to, 0);
    } else {
      flushKernelRange(cpu, from, config.isX86() ? from + (1L << pageShift) : to);
    }
  }

  /**
   * Flushes pages that lie anywhere, each by itself. Models the per-page loop of x86's {@code
   * cpa_flush()}.
   */
  public void flushKernelPages(Cpu cpu, long[] vas) {
    for (long va : vas) {
      events.record(KernelEvent.FLUSH_KERNEL, cpu.id(), va, va + (1L << pageShift), 0);
    }
    FlushRequest request = requests[cpu.id()];
    request.kernelPages(vas);
    counters.add(cpu.id(), Counter.KERNEL_FLUSHES, 1);
    if (config.broadcasts()) {
      for (long va : vas) {
        local.broadcastKernel(cpu, va, 1, /* all= */ false);
      }
    } else {
      everywhere(cpu, request);
    }
    for (long va : vas) {
      events.record(KernelEvent.FLUSHED_KERNEL, cpu.id(), va, va + (1L << pageShift), 0);
    }
  }

  /** Flushes everything everywhere, global entries included. Models {@code flush_tlb_all()}. */
  public void flushAll(Cpu cpu) {
    FlushRequest request = begin(cpu, /* from= */ 0, /* to= */ -1L, /* all= */ true);
    if (config.broadcasts()) {
      local.broadcastKernel(cpu, 0, 0, /* all= */ true);
    } else {
      everywhere(cpu, request);
    }
    events.record(KernelEvent.FLUSHED_KERNEL, cpu.id(), 0, -1L, 0);
  }

  private long limitPages() {
    return Math.max(config.policy().singleFlushPages(), config.policy().rangeFlushPages());
  }

  private FlushRequest begin(Cpu cpu, long from, long to, boolean all) {
    events.record(KernelEvent.FLUSH_KERNEL, cpu.id(), from, to, all ? 1 : 0);
    counters.add(cpu.id(), Counter.KERNEL_FLUSHES, 1);
    if (all) {
      counters.add(cpu.id(), Counter.FULL_FLUSHES, 1);
    }
    FlushRequest request = requests[cpu.id()];
    request.kernel(from, to, all);
    return request;
  }

  /** Runs the request on every CPU. Models {@code on_each_cpu()}. */
  private void everywhere(Cpu cpu, FlushRequest request) {
    CpuMask targets = request.targets();
    for (int i = 0; i < states.length; i++) {
      targets.add(i);
    }
    interrupt(cpu, request);
  }

  /** Has the targets do it, the initiator too if it is one; ends when all have. */
  private void interrupt(Cpu cpu, FlushRequest request) {
    CpuMask targets = request.targets();
    int others = targets.count() - (targets.has(cpu.id()) ? 1 : 0);
    long before = cpu.cycles();
    if (others == 0) {
      cpu.disableInterrupts();
      perform(cpu, request);
      cpu.enableInterrupts();
      counters.add(cpu.id(), Counter.OWN_CYCLES, cpu.cycles() - before);
      return;
    }
    cpu.disablePreemption();
    counters.add(cpu.id(), Counter.INTERRUPTS_SENT, others);
    ownCycles[cpu.id()] = 0;
    int stuck = machine.interrupts().call(cpu, targets, request);
    long own = ownCycles[cpu.id()];
    counters.add(cpu.id(), Counter.OWN_CYCLES, own);
    counters.add(cpu.id(), Counter.WAIT_CYCLES, cpu.cycles() - before - own);
    counters.add(cpu.id(), Counter.NEVER_ACKNOWLEDGED, stuck);
    cpu.enablePreemption();
  }

  // ---- this CPU alone ----

  /** Drops everything on this CPU, global entries included. Models {@code __flush_tlb_all()}. */
  public void flushLocalAll(Cpu cpu) {
    counters.add(cpu.id(), Counter.LOCAL_FLUSHES, 1);
    events.record(KernelEvent.FLUSH_LOCAL, cpu.id(), 1, 0, 0);
    local.all(cpu);
  }

  /** Drops what is not global on this CPU. Models {@code __flush_tlb_local()}. */
  public void flushLocal(Cpu cpu) {
    counters.add(cpu.id(), Counter.LOCAL_FLUSHES, 1);
    events.record(KernelEvent.FLUSH_LOCAL, cpu.id(), 0, 0, 0);
    local.mm(cpu, states[cpu.id()]);
  }

  // ---- address spaces ----

  /** Flushes a whole address space, its tables included. Models {@code flush_tlb_mm()}. */
  public void flushMm(Cpu cpu, MmTlb mm) {
    flushMmRange(cpu, mm, 0, -1L, pageShift, /* freedTables= */ true);
  }

  /**
   * Flushes {@code [from, to)} of an address space.
   *
   * @param strideShift logarithm of the size of the pages that were mapped there
   * @param freedTables whether tables were freed, so that walks in progress matter too
   */
  public void flushMmRange(
      Cpu cpu, MmTlb mm, long from, long to, int strideShift, boolean freedTables) {
    // Range operations count pages, single ones the steps between entries.
    int unitShift = config.policy().rangeFlushPages() > 0 ? pageShift : strideShift;
    boolean all = to == -1L || (to - from) >>> unitShift > limitPages();
    counters.add(cpu.id(), Counter.MM_FLUSHES, 1);
    if (all) {
      counters.add(cpu.id(), Counter.FULL_FLUSHES, 1);
    }
    events.record(KernelEvent.FLUSH_MM, cpu.id(), mm.contextId(), from, all ? -1L : to);
    cpu.step(Step.STORE, mm.contextId());
    long generation = mm.advance();
    FlushRequest request = requests[cpu.id()];
    request.mm(mm, generation, from, all ? -1L : to, strideShift, freedTables);
    if (config.broadcasts() && config.isArm64()) {
      local.broadcastMm(cpu, request);
    } else {
      flushWhereLoaded(cpu, request);
    }
    events.record(KernelEvent.FLUSHED_MM, cpu.id(), mm.contextId(), generation, 0);
  }

  private void flushWhereLoaded(Cpu cpu, FlushRequest request) {
    CpuMask targets = request.targets();
    targets.clear();
    for (int i = 0; i < states.length; i++) {
      if (i != cpu.id() && request.mm().mayBeCachedBy(i)) {
        cpu.step(Step.LOAD, CpuTlbState.stepAddress(i));
        if (mustInterrupt(machine.cpu(i), request)) {
          targets.add(i);
        }
      }
    }
    boolean isMine = states[cpu.id()].loaded() == request.mm();
    if (isMine || (!config.comparesGenerations() && request.mm().mayBeCachedBy(cpu.id()))) {
      targets.add(cpu.id());
    }
    if (!targets.isEmpty()) {
      interrupt(cpu, request);
    }
  }

  /**
   * Whether a CPU that may hold translations of the address space has to be told. Models {@code
   * should_flush_tlb()}: one in the middle of a switch may have loaded the root already, with the
   * generation of before (commit fea4e317f9e7, 2025). Elsewhere than on x86 a CPU that has once run
   * the address space may keep its translations for ever, under its number, and compares nothing
   * later.
   */
  protected boolean mustInterrupt(Cpu cpu, FlushOrder request) {
    if (!request.mm().mayBeCachedBy(cpu.id())) {
      return false;
    }
    if (request.freedTables() || !config.comparesGenerations()) {
      return true;
    }
    MmTlb loaded = states[cpu.id()].loaded();
    return !cpu.isLazy() && (loaded == request.mm() || loaded == CpuTlbState.SWITCHING);
  }

  /** What an interrupted CPU does, and the initiator on itself. Models {@code flush_tlb_func()}. */
  private void perform(Cpu cpu, FlushRequest request) {
    CpuTlbState state = states[cpu.id()];
    if (request.isKernel()) {
      performKernel(cpu, request, state);
      return;
    }
    if (!config.comparesGenerations()) {
      local.numberRange(cpu, request);
      return;
    }
    if (state.loaded() != request.mm()) {
      request.mm().remove(cpu.id());
      return;
    }
    if (cpu.isLazy()) {
      // Flushing would keep a borrowed address space warm that nobody needs here.
      switchMm(cpu, kernelMm);
      lazyLeave.left(cpu);
      return;
    }
    long mine = state.generation();
    long newest = request.mm().generation();
    if (request.generation() <= mine) {
      return;
    }
    boolean followsDirectly = request.generation() == mine + 1 && request.generation() == newest;
    if (followsDirectly && !request.all()) {
      local.mmRange(cpu, state, request);
    } else {
      local.mm(cpu, state);
    }
    state.setGeneration(newest);
  }

  private void performKernel(Cpu cpu, FlushRequest request, CpuTlbState state) {
    if (request.all()) {
      local.all(cpu);
      return;
    }
    long[] vas = request.vas();
    if (vas != null) {
      for (long va : vas) {
        local.kernelPage(cpu, state, va);
      }
    } else {
      for (long va = request.from(); va < request.to(); va += 1L << pageShift) {
        local.kernelPage(cpu, state, va);
      }
    }
  }

  // ---- which address space a CPU is on ----

  /** Told when a CPU leaves an address space that it kept lazily, because of a flush. */
  @FunctionalInterface
  public interface LazyLeave {
    void left(Cpu cpu);
  }

  /** Sets who has to undo what a CPU has loaded for an address space besides its tables. */
  public void setLazyLeave(LazyLeave other) {
    lazyLeave = other;
  }

  /** Loads the kernel's tables on a CPU that comes up. */
  public void start(Cpu cpu) {
    local.start(cpu, states[cpu.id()]);
  }

  /** Leaves the kernel for user mode: with isolation other tables and another number. */
  public void enterUser(Cpu cpu) {
    if (config.isolation()) {
      cpu.disableInterrupts(); // a flush must not come between the look at its mark and user mode
      local.enterUser(cpu, states[cpu.id()]);
      states[cpu.id()].setInUserMode(true);
      cpu.enableInterrupts();
    }
  }

  /** Enters the kernel from user mode. */
  public void enterKernel(Cpu cpu) {
    if (config.isolation()) {
      cpu.disableInterrupts();
      states[cpu.id()].setInUserMode(false);
      local.enterKernel(cpu, states[cpu.id()]);
      cpu.enableInterrupts();
    }
  }

  /**
   * Runs {@code next} on this CPU. Models {@code switch_mm_irqs_off()}: other CPUs see that it
   * switches before it reads the generation, and what it has loaded after it loaded the root.
   */
  public void switchMm(Cpu cpu, MmTlb next) {
    cpu.disableInterrupts();
    CpuTlbState state = states[cpu.id()];
    MmTlb previous = state.loaded();
    boolean wasLazy = cpu.isLazy();
    cpu.step(Step.STORE, CpuTlbState.stepAddress(cpu.id()));
    cpu.setComingBack(wasLazy);
    cpu.setLazy(false);
    if (previous != next) {
      changeMm(cpu, state, next);
    } else if (wasLazy) {
      catchUp(cpu, state, next);
    }
    cpu.enableInterrupts();
  }

  private void changeMm(Cpu cpu, CpuTlbState state, MmTlb next) {
    MmTlb previous = state.loaded();
    state.beginSwitch();
    cpu.step(Step.STORE, next.contextId());
    next.add(cpu.id());
    cpu.step(Step.LOAD, next.contextId());
    long generation = next.generation();
    boolean flushed = local.switchTo(cpu, state, next, generation);
    cpu.setComingBack(false);
    events.record(
        KernelEvent.SWITCH_MM, cpu.id(), previous.contextId(), next.contextId(), flushed ? 1 : 0);
  }

  /** A CPU that was lazy may have been spared: it looks at the generation before it goes on. */
  private void catchUp(Cpu cpu, CpuTlbState state, MmTlb mm) {
    cpu.step(Step.LOAD, mm.contextId());
    long newest = mm.generation();
    boolean behind = !config.broadcasts() && state.generation() < newest;
    if (behind) {
      local.mm(cpu, state);
      state.setGeneration(newest);
    }
    cpu.setComingBack(false);
    events.record(KernelEvent.LAZY_TLB, cpu.id(), mm.contextId(), 0, behind ? 1 : 0);
  }

  /** Runs a kernel thread on the tables that are loaded. Models {@code enter_lazy_tlb()}. */
  public void enterLazy(Cpu cpu) {
    CpuTlbState state = states[cpu.id()];
    if (state.loaded() != kernelMm && !cpu.isLazy()) {
      cpu.step(Step.STORE, CpuTlbState.stepAddress(cpu.id()));
      cpu.setLazy(true);
      events.record(KernelEvent.LAZY_TLB, cpu.id(), state.loaded().contextId(), 1, 0);
    }
  }

  /** The work of an interrupt; each CPU has one, because it waits for its own. */
  private final class FlushRequest extends FlushOrder implements IpiWork {
    private final int initiator;

    FlushRequest(int initiator) {
      super(machine.cpus());
      this.initiator = initiator;
    }

    @Override
    public void run(Cpu target) {
      long before = target.cycles();
      boolean wasInUserMode = states[target.id()].isInUserMode();
      if (wasInUserMode) {
        enterKernel(target);
      }
      perform(target, this);
      if (wasInUserMode) {
        enterUser(target);
      }
      long spent = target.cycles() - before;
      if (target.id() == initiator) {
        ownCycles[initiator] = spent;
      } else {
        counters.add(target.id(), Counter.INTERRUPTS_TAKEN, 1);
        counters.add(target.id(), Counter.STOLEN_CYCLES, spent);
      }
    }
  }
}
