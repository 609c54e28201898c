package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration.Row;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.SharedSteps;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableEvent;

/** What happened in a run, in words: the steps that several CPUs share, and the events. */
final class Trace implements Scheduler, EventLog.Reader {
  final List<Row> rows = new ArrayList<>();
  List<Violation> violations = List.of();
  private final Scheduler scheduler;
  private final SharedSteps shared;
  private @Nullable World world;
  private boolean isOver;

  Trace(Scheduler scheduler, SharedSteps shared) {
    this.scheduler = scheduler;
    this.shared = shared;
  }

  /** Hears events of {@code watched} from here on. */
  void watch(World watched) {
    world = watched;
    watched.machine().events().attach(this);
  }

  @Override
  public int next(Interleaving run, int current, int[] runnable, int count) {
    return scheduler.next(run, current, runnable, count);
  }

  @Override
  public boolean decidesInterrupts() {
    return scheduler.decidesInterrupts();
  }

  @Override
  public void step(int cpu, int kind, long address) {
    World watched = world;
    String verb = verb(kind);
    if (watched != null && !verb.isEmpty() && shared.isContended(address)) {
      if (watched.isToldBySteps(address)) {
        tell(cpu, verb + watched.place(address));
      }
    }
  }

  /** Tells of a request that fails although it could be served. */
  void failed(int cpu, int number, FaultInjection.Point point) {
    String what =
        switch (point) {
          case ALLOCATION -> "allocation";
          case WALK -> "walk";
        };
    tell(cpu, "request " + number + " fails (" + what + ")");
  }

  private static String verb(int kind) {
    return switch (kind) {
      case Step.LOAD -> "reads ";
      case Step.STORE, Step.TAKE -> "writes ";
      default -> "";
    };
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    String what =
        switch (kind) {
          case KernelEvent.FRAMES_ALLOCATED -> "gets frame " + hex(a) + order(b);
          case KernelEvent.FRAMES_FREED -> "frees frame " + hex(a) + order(b);
          case KernelEvent.TABLE_ALLOCATED -> "makes frame " + hex(a) + " a page table";
          case KernelEvent.TABLE_FREED -> "frees page table " + hex(a);
          case TableEvent.FOUND -> "finds page table " + hex(a) + " without a lock";
          case TableEvent.QUEUED -> "has taken out page table " + hex(a);
          case KernelEvent.FLUSH_MM -> "flushes mm " + a;
          case KernelEvent.FLUSHED_MM -> "has flushed mm " + a;
          case KernelEvent.DIRECT_MAP_SPLIT -> "splits the leaf at " + hex(a);
          case KernelEvent.ATTRIBUTES_CHANGE ->
              AttributeChange.of((int) c).function() + "() of " + pages(b) + " at " + hex(a);
          case KernelEvent.ATTRIBUTES_CHANGED ->
              (c == 0 ? "has changed " : "could not change ") + pages(b) + " at " + hex(a);
          case KernelEvent.FLUSH_KERNEL -> "flushes " + kernelRange(a, b) + " on every CPU";
          case KernelEvent.FLUSHED_KERNEL -> "every CPU has flushed " + kernelRange(a, b);
          case HardwareEvent.LOCK_ACQUIRE -> lock(a, b);
          case MmEvent.SECRET_ADDED -> "frame " + hex(a) + " is in the secret file";
          case MmEvent.SECRET_LEAKED -> "keeps frame " + hex(a) + " for ever";
          default -> "";
        };
    if (!what.isEmpty()) {
      tell(cpu, what);
    }
  }

  /** Adds a row, and ends the tale where a property was first seen broken. */
  private void tell(int cpu, String what) {
    World watched = world;
    if (isOver || watched == null) {
      return;
    }
    rows.add(new Row(cpu, what));
    List<Violation> found = watched.violations();
    if (!found.isEmpty()) {
      rows.add(new Row(cpu, "here " + found.getFirst().oracle() + " is violated"));
      isOver = true;
    }
  }

  /** Locks that one CPU alone takes are not told. */
  private String lock(long lockClass, long identity) {
    World watched = world;
    return watched == null || !shared.isContended(identity)
        ? ""
        : "takes " + watched.machine().lockClassName(lockClass);
  }

  private static String kernelRange(long from, long to) {
    return to == -1 ? "all kernel addresses" : hex(from) + " to " + hex(to - 1);
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  private static String order(long order) {
    return order == 0 ? "" : " of order " + order;
  }

  private static String pages(long pages) {
    return pages == 1 ? "1 page" : pages + " pages";
  }
}
