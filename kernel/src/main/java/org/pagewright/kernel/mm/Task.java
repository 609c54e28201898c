package org.pagewright.kernel.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/** Something that runs on a CPU. Models {@code struct task_struct} (include/linux/sched.h). */
public final class Task {
  /** What a task is; what it may do depends on it. */
  public enum Kind {
    /** A thread of a process. */
    USER,
    /** {@code PF_KTHREAD}: no address space, unless it borrows one. */
    KERNEL_THREAD,
    /** {@code PF_IO_WORKER}: shares the address space of the process it works for. */
    IO_WORKER
  }

  private final int id;
  private final Kind kind;
  private @Nullable Mm mm;
  private int migrateDisabled;
  private int cpuId = NOWHERE;
  private int lastCpuId = NOWHERE;
  private boolean isKilled;

  /** CPU of a task that does not run. */
  static final int NOWHERE = -1;

  Task(int id, Kind kind, @Nullable Mm mm) {
    this.id = id;
    this.kind = kind;
    this.mm = mm;
  }

  /** The task that runs on {@code cpu}, or null before the first. Models {@code current}. */
  public static @Nullable Task current(Cpu cpu) {
    return (Task) cpu.task();
  }

  /** {@code current->mm}, or null. */
  public static @Nullable Mm currentMm(Cpu cpu) {
    Task task = current(cpu);
    return task == null ? null : task.mm;
  }

  public int id() {
    return id;
  }

  public Kind kind() {
    return kind;
  }

  /** The address space it owns or borrowed; null for most kernel threads. */
  public @Nullable Mm mm() {
    return mm;
  }

  void setMm(@Nullable Mm other) {
    mm = other;
  }

  /** A fatal signal is on its way: whatever it sleeps for killably, it gives up. */
  public void kill() {
    isKilled = true;
  }

  /** Models {@code fatal_signal_pending()}. */
  public boolean isKilled() {
    return isKilled;
  }

  /** How often migration was disabled and not enabled again, while the task does not run. */
  int migrateDisabled() {
    return migrateDisabled;
  }

  /** CPU on which it runs, or -1. */
  public int cpuId() {
    return cpuId;
  }

  /** CPU on which it ran last, or -1. */
  public int lastCpuId() {
    return lastCpuId;
  }

  /** Begins to run; what it disabled before is disabled again. */
  void start(Cpu cpu) {
    cpuId = cpu.id();
    lastCpuId = cpuId;
    cpu.setTask(this);
    cpu.switchMigrationDepth(migrateDisabled);
  }

  /** Ceases to run; takes along what belongs to the task instead of the CPU. */
  void stop(Cpu cpu) {
    assert !cpu.isAtomic() : this + " was switched in atomic";
    migrateDisabled = cpu.switchMigrationDepth(0);
    cpuId = NOWHERE;
  }

  @Override
  public String toString() {
    return kind + " task " + id;
  }
}
