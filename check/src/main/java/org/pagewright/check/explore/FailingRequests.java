package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.FaultInjection;

/**
 * Which requests of a run fail although they could be served, each named by its CPU and its number
 * among those that this CPU makes: so what fails does not depend on what the others do meanwhile.
 *
 * <p>Text form, in front of a schedule: {@code fails:0.3+1.2:} for the third request of CPU 0 and
 * the second of CPU 1.
 *
 * @param requests none, to count only
 */
public record FailingRequests(List<Request> requests) {
  private static final Pattern TEXT = Pattern.compile("fails:([0-9.+]+):(.*)");
  private static final int NUMBER_MAX = 100_000;

  /**
   * One request.
   *
   * @param number from 1 on
   */
  public record Request(int cpu, int number) {
    private String text() {
      return cpu + "." + number;
    }
  }

  /** Nothing fails; requests are counted. */
  public static final FailingRequests NONE = new FailingRequests(List.of());

  public FailingRequests {
    requests = List.copyOf(requests);
  }

  /** One request fails. */
  public static FailingRequests of(int cpu, int number) {
    return new FailingRequests(List.of(new Request(cpu, number)));
  }

  /** The same with one more. */
  public FailingRequests and(int cpu, int number) {
    List<Request> more = new ArrayList<>(requests);
    more.add(new Request(cpu, number));
    return new FailingRequests(more);
  }

  /** The same without one. */
  FailingRequests without(int index) {
    List<Request> fewer = new ArrayList<>(requests);
    fewer.remove(index);
    return new FailingRequests(fewer);
  }

  /** The same, where a CPU makes so many requests less before; null if one would be none. */
  @Nullable FailingRequests earlier(int cpu, int by) {
    List<Request> moved = new ArrayList<>();
    for (Request one : requests) {
      int number = one.cpu == cpu ? one.number - by : one.number;
      if (number < 1) {
        return null;
      }
      moved.add(new Request(one.cpu, number));
    }
    return new FailingRequests(moved);
  }

  /** What comes in front of a schedule. */
  String text() {
    return requests.isEmpty()
        ? ""
        : "fails:" + String.join("+", requests.stream().map(Request::text).toList()) + ":";
  }

  /** What is behind the text form, all of a text without one. */
  static String scheduleOf(String text) {
    Matcher matcher = TEXT.matcher(text);
    return matcher.matches() ? matcher.group(2) : text;
  }

  /**
   * Reads what is in front of a schedule; null if nothing is.
   *
   * @throws IllegalArgumentException when a request is none of so many CPUs
   */
  static @Nullable FailingRequests parse(String text, int cpus) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    List<Request> read = new ArrayList<>();
    for (String word : matcher.group(1).split("\\+", -1)) {
      read.add(request(word, cpus));
    }
    return new FailingRequests(read);
  }

  private static Request request(String word, int cpus) {
    String[] numbers = word.split("\\.", -1);
    try {
      if (numbers.length == 2) {
        Request one = new Request(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
        if (one.cpu < cpus && one.number >= 1 && one.number <= NUMBER_MAX) {
          return one;
        }
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "'%s' is no request; expected a CPU from 0 to %d and a number from 1 on, such as 0.3"
            .formatted(word, cpus - 1));
  }

  /** In words, such as {@code request 3 of CPU 0}. */
  public String describe() {
    return String.join(
        " and ",
        requests.stream().map(one -> "request " + one.number + " of CPU " + one.cpu).toList());
  }

  /** Hears of requests that fail. */
  @FunctionalInterface
  interface Listener {
    void failed(int cpu, int number, FaultInjection.Point point);
  }

  /** One run: counts, and lets fail what is to fail. */
  final class Run implements FaultInjection {
    private final int[] asked;
    private final Listener listener;

    Run(int cpus, Listener listener) {
      this.asked = new int[cpus];
      this.listener = listener;
    }

    @Override
    public boolean fails(Cpu cpu, Point point) {
      int number = ++asked[cpu.id()];
      for (Request one : requests) {
        if (one.cpu == cpu.id() && one.number == number) {
          listener.failed(one.cpu, number, point);
          return true;
        }
      }
      return false;
    }

    /** By CPU, how many requests it made. */
    int[] asked() {
      return Arrays.copyOf(asked, asked.length);
    }
  }
}
