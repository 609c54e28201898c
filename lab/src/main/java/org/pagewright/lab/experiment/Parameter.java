package org.pagewright.lab.experiment;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A value that an experiment can be run with.
 *
 * @param fallback the value when nobody sets it, as text
 * @param choices the allowed words, for a choice only
 * @param min the least value, for numbers
 * @param max the greatest value, for numbers
 */
public record Parameter(
    String name,
    Type type,
    String fallback,
    String help,
    List<String> choices,
    long min,
    long max) {

  /** What a parameter's text means. */
  public enum Type {
    /** A size: a whole number with an optional K, M, G or T. */
    BYTES,
    /** A whole number. */
    COUNT,
    /** One of several words. */
    CHOICE
  }

  private static final String SUFFIXES = " KMGT";

  private static final Pattern SIZE = Pattern.compile("(\\d+)(?:([KMGT])(?:i?B)?)?");

  /** A parameter whose default is a legal value. */
  public Parameter {
    choices = List.copyOf(choices);
    check(name, type, fallback, choices, min, max);
  }

  /** A size between {@code min} and {@code max} bytes. */
  public static Parameter bytes(String name, String fallback, long min, long max, String help) {
    return new Parameter(name, Type.BYTES, fallback, help, List.of(), min, max);
  }

  /** A whole number between {@code min} and {@code max}. */
  public static Parameter count(String name, long fallback, long min, long max, String help) {
    return new Parameter(name, Type.COUNT, String.valueOf(fallback), help, List.of(), min, max);
  }

  /** One of {@code choices}, the first of which is the default. */
  public static Parameter choice(String name, String help, String... choices) {
    return new Parameter(name, Type.CHOICE, choices[0], help, List.of(choices), 0, 0);
  }

  /** Refuses a {@code text} that this parameter cannot have. */
  public void check(String text) {
    check(name, type, text, choices, min, max);
  }

  /** The number that {@code text} says. */
  public long number(String text) {
    return number(name, type, text);
  }

  private static void check(
      String name, Type type, String text, List<String> choices, long min, long max) {
    if (type == Type.CHOICE) {
      if (!choices.contains(text)) {
        throw new IllegalArgumentException(
            name
                + " is "
                + text
                + "; expected one of "
                + String.join(", ", choices)
                + Nearest.hint(text, choices));
      }
      return;
    }
    long value = number(name, type, text);
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " is " + text + "; expected " + format(type, min) + " to " + format(type, max));
    }
  }

  private static long number(String name, Type type, String text) {
    Matcher size = SIZE.matcher(text);
    boolean suffixed = text.matches(".*[KMGT].*");
    if (!size.matches() || size.group(1).length() > 15 || (suffixed && type == Type.COUNT)) {
      throw new IllegalArgumentException(
          name
              + " is "
              + text
              + "; expected "
              + (type == Type.BYTES ? "a size such as 4K, 2M or 1G" : "a whole number"));
    }
    int unit = size.group(2) == null ? 0 : SUFFIXES.indexOf(size.group(2));
    return Long.parseLong(size.group(1)) << (10 * unit);
  }

  private static String format(Type type, long value) {
    if (type == Type.COUNT || value == 0) {
      return String.valueOf(value);
    }
    int unit = Math.min(4, Long.numberOfTrailingZeros(value) / 10);
    return (value >> (10 * unit)) + (unit == 0 ? "" : SUFFIXES.substring(unit, unit + 1));
  }
}
