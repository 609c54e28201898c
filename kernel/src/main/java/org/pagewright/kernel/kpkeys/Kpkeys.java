package org.pagewright.kernel.kpkeys;

import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.InterruptEntry;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Control;
import org.pagewright.kernel.mm.MmFeature;
import org.pagewright.kernel.mm.Task;

/**
 * The protection-key register of every CPU, and who may raise it. Models {@code
 * kpkeys_set_level()}, {@code kpkeys_restore_pkey_reg()} (include/linux/kpkeys.h, v5 to v7), the
 * register's part of exception entry and context switch, and lazy-MMU batching (v5).
 */
public final class Kpkeys implements MmFeature, InterruptEntry {
  /** Nothing was changed, so nothing is to be restored. Models {@code KPKEYS_PKEY_REG_INVAL}. */
  public static final long UNCHANGED = -1;

  private final Machine machine;
  private final boolean isArm64;
  private final boolean batches;
  private final long[] lazyToken;
  private final int[] lazyDepth;

  /** What threads that do not run left behind, unless it was nothing; looked up only. */
  private final Map<Task, ThreadKeys> asleep = new WeakHashMap<>();

  private long switches;

  /** Models {@code thread_struct.por_el1} and the thread's place in lazy-MMU sections. */
  private record ThreadKeys(long register, int lazyDepth, long lazyToken) {}

  /**
   * The registers of {@code machine}, with the keys switched on.
   *
   * @param batches whether lazy-MMU sections raise the level once
   */
  public Kpkeys(Machine machine, boolean batches) {
    this.machine = machine;
    this.isArm64 = machine.format().architecture() == Architecture.ARM64;
    this.batches = batches;
    this.lazyToken = new long[machine.cpus()];
    this.lazyDepth = new int[machine.cpus()];
    if (!isArm64 && machine.format().architecture() != Architecture.X86) {
      throw new IllegalArgumentException(machine.format() + " has no kernel protection keys");
    }
    for (int id = 0; id < machine.cpus(); id++) {
      Cpu cpu = machine.cpu(id);
      reset(cpu);
      cpu.mmu().setControl(isArm64 ? Control.POE : Control.PKS, true);
    }
    machine.interrupts().setEntry(this);
  }

  /** Raises or lowers the level; answers what {@link #restore} needs. */
  public long set(Cpu cpu, KeyLevel level) {
    long before = register(cpu);
    long after = level.register(isArm64, before);
    if (after == before) {
      return UNCHANGED;
    }
    write(cpu, after);
    return before;
  }

  /** Undoes a {@link #set}. */
  public void restore(Cpu cpu, long token) {
    if (token != UNCHANGED) {
      write(cpu, token);
    }
  }

  /** Saves the register and lets the handler of an exception run at the default level. */
  @Override
  public long enter(Cpu cpu) {
    long saved = register(cpu);
    reset(cpu);
    return saved;
  }

  /** Returns from an exception. */
  @Override
  public void leave(Cpu cpu, long saved) {
    if (saved != register(cpu)) {
      write(cpu, saved);
    }
  }

  /** A thread takes its register along, and the lazy-MMU sections that it is in. */
  @Override
  public void switchTask(Cpu cpu, @Nullable Task previous, Task next) {
    int id = cpu.id();
    long before = register(cpu);
    if (previous != null && (before != initial() || lazyDepth[id] > 0)) {
      asleep.put(previous, new ThreadKeys(before, lazyDepth[id], lazyToken[id]));
    }
    ThreadKeys keys = asleep.remove(next);
    long after = keys == null ? initial() : keys.register;
    lazyDepth[id] = keys == null ? 0 : keys.lazyDepth;
    lazyToken[id] = keys == null ? UNCHANGED : keys.lazyToken;
    if (after != before) {
      write(cpu, after);
    }
  }

  /** The register that a new thread starts with. */
  public long initial() {
    return KeyLevel.DEFAULT.register(isArm64, 0);
  }

  /** Begins a run of entry writes. Models {@code arch_enter_lazy_mmu_mode()}. */
  public void enterLazy(Cpu cpu) {
    if (!batches || cpu.isInInterrupt()) {
      return;
    }
    if (lazyDepth[cpu.id()]++ == 0) {
      lazyToken[cpu.id()] = set(cpu, KeyLevel.PGTABLES);
    }
  }

  /** Ends a run of entry writes. */
  public void leaveLazy(Cpu cpu) {
    if (!batches || cpu.isInInterrupt()) {
      return;
    }
    assert lazyDepth[cpu.id()] > 0 : "left a section that was not entered";
    if (--lazyDepth[cpu.id()] == 0) {
      restore(cpu, lazyToken[cpu.id()]);
    }
  }

  /** The register of {@code cpu}: POR_EL1, or IA32_PKRS. */
  public long register(Cpu cpu) {
    return isArm64 ? cpu.registers().porKernel() : cpu.registers().pkrs() & 0xffff_ffffL;
  }

  /** Writes of the register so far; on arm64 each has its barrier. */
  public long switches() {
    return switches;
  }

  Machine machine() {
    return machine;
  }

  private void reset(Cpu cpu) {
    if (register(cpu) != initial()) {
      write(cpu, initial());
    }
  }

  private void write(Cpu cpu, long value) {
    switches++;
    if (isArm64) {
      cpu.mmu().writePorKernel(value);
    } else {
      cpu.mmu().writePkrs((int) value);
    }
  }
}
