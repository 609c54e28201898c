package org.pagewright.check.fault;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.FaultInjection;

/** Which requests of one run fail, counted from 0 in the order in which they are made. */
final class FaultPlan implements FaultInjection {
  private static final int NONE = Integer.MAX_VALUE;

  private final int first;
  private final int second;
  private final boolean isLasting;
  private final List<Point> failed = new ArrayList<>();
  private int asked;

  private FaultPlan(int first, int second, boolean isLasting) {
    this.first = first;
    this.second = second;
    this.isLasting = isLasting;
  }

  /** Counts only. */
  static FaultPlan nothing() {
    return new FaultPlan(NONE, NONE, false);
  }

  static FaultPlan one(int request) {
    return new FaultPlan(request, NONE, false);
  }

  static FaultPlan from(int request) {
    return new FaultPlan(request, NONE, true);
  }

  static FaultPlan pair(int first, int second) {
    return new FaultPlan(first, second, false);
  }

  @Override
  public boolean fails(Cpu cpu, Point point) {
    int request = asked++;
    boolean isHit = request == first || request == second || (isLasting && request > first);
    if (isHit) {
      failed.add(point);
    }
    return isHit;
  }

  /** How many requests were made. */
  int asked() {
    return asked;
  }

  /** For messages, such as {@code request 3 fails (allocation)}. */
  String text() {
    if (first == NONE) {
      return "no request fails";
    }
    String which = "request " + (first + 1);
    if (second != NONE) {
      which = "requests " + (first + 1) + " and " + (second + 1);
    } else if (isLasting) {
      which = "every request from " + (first + 1) + " on";
    }
    String kinds =
        String.join(", ", failed.stream().map(FaultPlan::name).distinct().sorted().toList());
    return which + (second == NONE && !isLasting ? " fails" : " fail") + " (" + kinds + ")";
  }

  private static String name(Point point) {
    return switch (point) {
      case ALLOCATION -> "allocation";
      case WALK -> "walk";
    };
  }
}
