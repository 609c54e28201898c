package org.pagewright.kernel.sva;

import java.util.ArrayDeque;
import java.util.Deque;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * Kernel tables that are no longer used wait here until every walker was told. Models {@code
 * pagetable_free_kernel()} and its work (mm/pgtable-generic.c, Linux 6.19).
 *
 * <p>CPUs were flushed by whoever took the table out; what walks besides them is not known there,
 * and telling it for each table would cost too much.
 */
public final class KernelTableQueue implements TableSource {
  private static final LockClass LOCK = new LockClass("kernel_pgtable_work.lock");
  private static final int LOCK_IDENTITY = 5;

  private final TableSource home;
  private final SharedVirtualAddressing sva;
  private final SpinLock lock = new SpinLock(LOCK, LOCK_IDENTITY);

  /** Tables with their levels. */
  private Deque<Long> waiting = new ArrayDeque<>();

  /** A queue before {@code home}, where tables come from and go to. */
  public KernelTableQueue(TableSource home, SharedVirtualAddressing sva) {
    this.home = home;
    this.sva = sva;
  }

  @Override
  public long allocate(Cpu cpu, int level) {
    return home.allocate(cpu, level);
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    lock.acquire(cpu);
    waiting.add(EntrySlot.of(tablePa, level));
    lock.release(cpu);
  }

  /** Frees what waits; may sleep. Models {@code kernel_pgtable_work_func()}. */
  public void work(Cpu cpu) {
    cpu.maySleep();
    lock.acquire(cpu);
    Deque<Long> tables = waiting;
    waiting = new ArrayDeque<>();
    lock.release(cpu);
    sva.invalidateKernelRange(cpu);
    for (long table : tables) {
      home.free(cpu, EntrySlot.pa(table), EntrySlot.level(table));
    }
  }

  /** Tables that wait. */
  public int waiting() {
    return waiting.size();
  }
}
