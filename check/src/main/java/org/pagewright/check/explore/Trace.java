package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration.Row;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.SharedSteps;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableEvent;

/** What happened in a run, in words: the steps that several CPUs share, and the events. */
final class Trace implements Scheduler, EventLog.Reader {
  final List<Row> rows = new ArrayList<>();
  List<Violation> violations = List.of();
  private final Scheduler scheduler;
  private final SharedSteps shared;
  private @Nullable World world;

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
  public void step(int cpu, int kind, long address) {
    World watched = world;
    String verb = verb(kind);
    if (watched != null && !verb.isEmpty() && shared.isShared(kind, address)) {
      boolean isTold = kind == Step.LOCK || watched.isToldBySteps(address);
      if (isTold) {
        rows.add(new Row(cpu, verb + watched.place(address)));
      }
    }
  }

  private static String verb(int kind) {
    return switch (kind) {
      case Step.LOAD -> "reads ";
      case Step.STORE -> "writes ";
      case Step.LOCK -> "takes lock ";
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
          case KernelEvent.DIRECT_MAP_SPLIT -> "direct map: splits the leaf at " + hex(a);
          case KernelEvent.ATTRIBUTES_CHANGE ->
              "direct map: " + (c < 0 ? "removing " : "restoring ") + pages(b) + " at " + hex(a);
          case KernelEvent.ATTRIBUTES_CHANGED ->
              "direct map: " + (c == 0 ? "done, " : "failed, ") + pages(b) + " at " + hex(a);
          case KernelEvent.FLUSH_KERNEL -> "flushes " + hex(a) + " on every CPU";
          case KernelEvent.FLUSHED_KERNEL -> "every CPU has flushed " + hex(a);
          case MmEvent.SECRET_ADDED -> "frame " + hex(a) + " is in the secret file";
          case MmEvent.SECRET_LEAKED -> "keeps frame " + hex(a) + " for ever";
          default -> "";
        };
    if (!what.isEmpty()) {
      rows.add(new Row(cpu, what));
    }
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
