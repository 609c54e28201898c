package org.pagewright.hardware.cpu;

import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.tlb.Tlb;

/**
 * One CPU: the context in which kernel code runs, a clock, and access to memory.
 *
 * <p>Depths model {@code preempt_count} (include/linux/preempt.h), {@code migrate_disable()} and
 * interrupt flags with save and restore. Breaking a rule is an event; the run goes on.
 */
public final class Cpu {
  private static final int MAX_HELD_LOCKS = 48;

  private final Machine machine;
  private final int id;
  private final Mmu mmu;
  private final EventLog events;
  private final long[] prices;

  /** Told of every step; null in straight runs, where a step is this one test. */
  private @Nullable StepHook hook;

  private long cycles;
  private int interruptsOffDepth;
  private int interruptDepth;
  private int preemptionDepth;
  private int migrationDepth;
  private SpinLock[] held = new SpinLock[0];
  private int heldCount;
  private IdleState idleState = IdleState.BUSY;
  private boolean isLazy;
  private boolean isComingBack;
  private boolean toleratesLiveSplits = true;
  private boolean isOnline = true;
  private @Nullable Object task;

  /** Calls that were sent here and have not begun. */
  final ArrayDeque<IpiCall> pendingCalls = new ArrayDeque<>();

  Cpu(Machine machine, int id) {
    this.machine = machine;
    this.id = id;
    this.events = machine.events();
    this.prices = machine.costs().cycles();
    this.mmu = new Mmu(this);
  }

  public int id() {
    return id;
  }

  public Machine machine() {
    return machine;
  }

  /** Translation, memory accesses and the instructions that invalidate. */
  public Mmu mmu() {
    return mmu;
  }

  public PagingRegisters registers() {
    return mmu.registers();
  }

  public Tlb tlb() {
    return mmu.tlb();
  }

  // ---- the clock ----

  /** Simulated time of this CPU. */
  public long cycles() {
    return cycles;
  }

  /** Spends what the primitive costs. */
  public void charge(Primitive primitive) {
    cycles += price(primitive);
  }

  private long price(Primitive primitive) {
    long price = prices[primitive.index()];
    return price >= 0 ? price : machine.costs().cycles(primitive);
  }

  /** Spends what {@code count} of the primitive cost. */
  public void charge(Primitive primitive, long count) {
    assert count >= 0 : count;
    cycles += price(primitive) * count;
  }

  /** Spends time that no primitive names. */
  public void chargeCycles(long count) {
    assert count >= 0 : count;
    cycles += count;
  }

  /** Waits until a time; does nothing when it has passed. */
  public void advanceTo(long cycle) {
    cycles = Math.max(cycles, cycle);
  }

  // ---- the seam ----

  /**
   * Announces what the CPU is about to do, of a kind of {@link Step}: another CPU may run first.
   */
  public void step(int kind, long address) {
    if (hook != null) {
      hook.step(this, kind, address);
    }
  }

  /** Announces what the CPU can do only when a condition holds; null for always. */
  void stepWhen(int kind, long address, Interleaving.@Nullable Condition condition) {
    if (hook != null) {
      hook.stepWhen(this, kind, address, condition);
    }
  }

  void setHook(@Nullable StepHook hook) {
    this.hook = hook;
  }

  /**
   * Models {@code cpu_relax()} in a loop that waits for another CPU. In a straight run nobody else
   * can make the condition true: a loop must have a bound.
   */
  public void relax() {
    step(Step.RELAX, 0);
  }

  /**
   * Waits for another CPU in a way that lets this one do nothing else; meanwhile interrupts come in
   * if they are on. In a straight run nobody else can make the condition true.
   *
   * @return whether the condition holds
   */
  public boolean waitUntil(Interleaving.Condition condition) {
    Interleaving interleaving = machine.interleaving();
    if (interleaving != null) {
      interleaving.waitUntil(this, condition);
    }
    return condition.holds();
  }

  // ---- interrupts ----

  public boolean interruptsEnabled() {
    return interruptsOffDepth == 0;
  }

  /** Models {@code local_irq_save()}: nests. */
  public void disableInterrupts() {
    if (hook != null && interruptsOffDepth == 0) {
      hook.interruptsOff(this);
    }
    interruptsOffDepth++;
  }

  /** Models {@code local_irq_restore()}: with the outermost one, pending calls come in. */
  public void enableInterrupts() {
    if (interruptsOffDepth == 0) {
      broke(ExecutionRule.UNBALANCED_ENABLE, /* detail= */ 0);
      return;
    }
    if (--interruptsOffDepth == 0) {
      step(Step.INTERRUPTS_ON, 0);
      if (!pendingCalls.isEmpty() && interruptsComeAtOnce()) {
        machine.interrupts().deliver(this);
      }
    }
  }

  private boolean interruptsComeAtOnce() {
    Interleaving interleaving = machine.interleaving();
    return interleaving == null || !interleaving.decidesInterrupts();
  }

  /** True while a call from another CPU runs here. */
  public boolean isInInterrupt() {
    return interruptDepth > 0;
  }

  void enterInterrupt() {
    interruptDepth++;
    interruptsOffDepth++;
  }

  void leaveInterrupt() {
    interruptDepth--;
    interruptsOffDepth--;
  }

  // ---- preemption and migration ----

  /** Models {@code preempt_disable()}. */
  public void disablePreemption() {
    preemptionDepth++;
  }

  /** Models {@code preempt_enable()}. */
  public void enablePreemption() {
    if (preemptionDepth == 0) {
      broke(ExecutionRule.UNBALANCED_ENABLE, /* detail= */ 1);
    } else {
      preemptionDepth--;
    }
  }

  /** Models {@code migrate_disable()}: the task stays here but may be preempted. */
  public void disableMigration() {
    migrationDepth++;
  }

  /** Models {@code migrate_enable()}. */
  public void enableMigration() {
    if (migrationDepth == 0) {
      broke(ExecutionRule.UNBALANCED_ENABLE, /* detail= */ 2);
    } else {
      migrationDepth--;
    }
  }

  public int preemptionDepth() {
    return preemptionDepth;
  }

  public int migrationDepth() {
    return migrationDepth;
  }

  /** Gives another task's depth to this CPU when the scheduler switches; returns the old one. */
  public int switchMigrationDepth(int depth) {
    int old = migrationDepth;
    migrationDepth = depth;
    return old;
  }

  /** True where sleeping is forbidden: {@code in_atomic() || irqs_disabled()}. */
  public boolean isAtomic() {
    return preemptionDepth > 0 || interruptsOffDepth > 0;
  }

  /** Models {@code might_sleep()}: reports a call from where sleeping is forbidden. */
  public void maySleep() {
    if (isAtomic()) {
      broke(ExecutionRule.SLEEP_IN_ATOMIC, preemptionDepth);
    }
  }

  /** Models the check of {@code this_cpu_ptr()}: reports a use from where tasks migrate. */
  public void usesThisCpu() {
    if (preemptionDepth + migrationDepth + interruptsOffDepth == 0) {
      broke(ExecutionRule.MIGRATABLE_USE, /* detail= */ 0);
    }
  }

  /**
   * The depths as one word, to be given to {@link #requireDepths} at the end of a section that must
   * leave them as it found them.
   */
  public long depths() {
    return (long) interruptsOffDepth << 48
        | (long) preemptionDepth << 32
        | (long) migrationDepth << 16
        | heldCount;
  }

  /** Reports a section that ends at other depths than {@link #depths} said at its beginning. */
  public void requireDepths(long before) {
    if (depths() != before) {
      broke(ExecutionRule.UNBALANCED_EXIT, depths() ^ before);
    }
  }

  // ---- locks ----

  /** How many spin locks the CPU holds. */
  public int lockDepth() {
    return heldCount;
  }

  /** One of the held locks, 0 for the one acquired first. */
  public SpinLock heldLock(int index) {
    return held[index];
  }

  void addHeld(SpinLock lock) {
    if (heldCount == held.length) {
      if (heldCount == MAX_HELD_LOCKS) {
        throw new IllegalStateException("CPU " + id + " holds " + heldCount + " locks: a leak?");
      }
      held = Arrays.copyOf(held, heldCount + 8);
    }
    held[heldCount++] = lock;
  }

  boolean dropHeld(SpinLock lock) {
    for (int i = heldCount - 1; i >= 0; i--) {
      if (held[i] == lock) {
        System.arraycopy(held, i + 1, held, i, --heldCount - i);
        return true;
      }
    }
    return false;
  }

  // ---- what the kernel keeps here ----

  /** The current task; the kernel knows its type. */
  public @Nullable Object task() {
    return task;
  }

  public void setTask(@Nullable Object task) {
    this.task = task;
  }

  public IdleState idleState() {
    return idleState;
  }

  public void setIdleState(IdleState idleState) {
    this.idleState = idleState;
  }

  /** True while a kernel task borrows the last user address space (lazy TLB mode). */
  public boolean isLazy() {
    return isLazy;
  }

  public void setLazy(boolean isLazy) {
    this.isLazy = isLazy;
  }

  /**
   * True while nothing uses what it remembers of user memory: it is lazy, or it comes back and has
   * not yet looked what it missed.
   */
  public boolean isAwayFromUser() {
    return isLazy || isComingBack;
  }

  public void setComingBack(boolean isComingBack) {
    this.isComingBack = isComingBack;
  }

  /** Nothing is held, masked, pending or running any more. */
  void abandon() {
    interruptsOffDepth = 0;
    interruptDepth = 0;
    preemptionDepth = 0;
    migrationDepth = 0;
    heldCount = 0;
    pendingCalls.clear();
    task = null;
  }

  // ---- what is known of this CPU ----

  /**
   * Whether it may meet a leaf and a table for the same addresses: Arm's FEAT_BBM level 2 without
   * conflict aborts. Others need the entry broken before it is made.
   */
  public boolean toleratesLiveSplits() {
    return toleratesLiveSplits;
  }

  public void setToleratesLiveSplits(boolean tolerates) {
    toleratesLiveSplits = tolerates;
  }

  /** Whether it walks tables of the kernel: it was started, and it is not stopped. */
  public boolean isOnline() {
    return isOnline;
  }

  public void setOnline(boolean online) {
    isOnline = online;
  }

  // ---- memory through the MMU; see Mmu for what faults do ----

  /** Loads 8 bytes; 0 on a fault, which {@link Mmu#fault} tells. */
  public long load(long va, int access) {
    return mmu.load(va, access);
  }

  /** Stores 8 bytes; false on a fault. */
  public boolean store(long va, int access, long value) {
    return mmu.store(va, access, value);
  }

  /** Translates as an access does: a translation, or a fault word. */
  public long translate(long va, int access) {
    return mmu.translate(va, access);
  }

  // ---- instructions ----

  /** x86 INVLPG. */
  public void invalidatePage(long va) {
    mmu.invalidatePage(va);
  }

  /** x86 INVPCID of type 0 to 3. */
  public void invalidatePcid(int type, int pcid, long va) {
    mmu.invalidatePcid(type, pcid, va);
  }

  /** x86 MOV CR3: false when it faults (PAE). */
  public boolean loadRoot(long cr3, boolean noFlush) {
    return mmu.loadRoot(cr3, noFlush);
  }

  /** x86 CR4.PGE off and on: drops everything, global entries too. */
  public void toggleGlobalPages() {
    mmu.toggleGlobalPages();
  }

  /** arm64 TLBI; the operation is a word of {@link org.pagewright.hardware.tlb.Tlbi}. */
  public void tlbi(int operation, long va, int asid) {
    mmu.tlbi(operation, va, asid);
  }

  /** RISC-V SFENCE.VMA; {@link Mmu#ANY} stands for register x0. */
  public void sfence(long va, int asid) {
    mmu.sfence(va, asid);
  }

  /** Reports a broken rule. */
  public void broke(ExecutionRule rule, long detail) {
    events.record(HardwareEvent.CONTEXT_RULE, id, rule.number(), detail, 0);
  }

  @Override
  public String toString() {
    return "CPU " + id;
  }
}
