package org.pagewright.check.schedule;

import java.util.Arrays;
import org.pagewright.hardware.cpu.Step;

/**
 * What CPUs do while they take calls of others, learned from runs: before a call is taken, it is
 * taken to do any of that.
 */
final class CallSteps {
  private static final int STEPS_AT_FIRST = 16;

  private final int cpus;
  private int[] kinds = new int[STEPS_AT_FIRST];
  private long[] addresses = new long[STEPS_AT_FIRST];
  private int count;

  /** CPUs whose programs take steps. */
  private long programs;

  private boolean hasLearned;

  CallSteps(int cpus) {
    this.cpus = cpus;
  }

  /** Notes a step of an actor, if it is part of a call. */
  void learn(int actor, int kind, long address) {
    if (actor < cpus) {
      boolean wereBetween = areBetweenOthers();
      programs |= 1L << actor;
      hasLearned |= areBetweenOthers() != wereBetween;
    } else if (kind != Step.INTERRUPT) {
      add(kind, hasPlace(kind) ? address : 0);
    }
  }

  /** Whether it matters which address the step names. */
  private static boolean hasPlace(int kind) {
    return switch (kind) {
      case Step.INVALIDATE, Step.INVALIDATE_EVERYWHERE, Step.INVALIDATE_LATER -> false;
      default -> true;
    };
  }

  private void add(int kind, long address) {
    for (int i = 0; i < count; i++) {
      if (kinds[i] == kind && addresses[i] == address) {
        return;
      }
    }
    if (count == kinds.length) {
      kinds = Arrays.copyOf(kinds, 2 * count);
      addresses = Arrays.copyOf(addresses, 2 * count);
    }
    kinds[count] = kind;
    addresses[count++] = address;
    hasLearned = true;
  }

  int count() {
    return count;
  }

  int kind(int index) {
    return kinds[index];
  }

  long address(int index) {
    return addresses[index];
  }

  /**
   * Whether a third CPU may do something between the steps of a call, which neither the one that
   * takes it nor the one that waits for it can.
   */
  boolean areBetweenOthers() {
    return Long.bitCount(programs) > 2;
  }

  /** Whether more is known than at the last question. */
  boolean hasLearned() {
    boolean answer = hasLearned;
    hasLearned = false;
    return answer;
  }

  /** One word that {@link #restore} reads. */
  String text() {
    StringBuilder text = new StringBuilder("calls,").append(programs);
    for (int i = 0; i < count; i++) {
      text.append(',').append(kinds[i]).append(':').append(addresses[i]);
    }
    return text.toString();
  }

  /** Knows what another one knew. */
  void restore(String text) {
    String[] parts = text.split(",", -1);
    if (parts.length < 2 || !parts[0].equals("calls")) {
      throw new IllegalArgumentException("'" + text + "' are no steps of calls");
    }
    programs = Long.parseLong(parts[1]);
    for (int i = 2; i < parts.length; i++) {
      String[] numbers = parts[i].split(":", -1);
      if (numbers.length != 2) {
        throw new IllegalArgumentException("'" + parts[i] + "' is no step of a call");
      }
      add(Integer.parseInt(numbers[0]), Long.parseLong(numbers[1]));
    }
    hasLearned = false;
  }
}
