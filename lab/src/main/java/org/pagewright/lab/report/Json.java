package org.pagewright.lab.report;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes values as JSON: records, maps in their own order, collections, arrays, numbers, strings.
 *
 * <p>A record becomes an object with its components in order, names in snake_case. Numbers that
 * JSON has no form for become null. Addresses and hashes are strings, made by {@link #hex}.
 */
public final class Json {

  private static final int INDENT = 2;

  /** Arrays of numbers stay on one line up to this many elements. */
  private static final int INLINE = 64;

  private final StringBuilder out = new StringBuilder();

  private Json() {}

  /** {@code value} as one document, indented, with a newline at its end. */
  public static String text(@Nullable Object value) {
    Json json = new Json();
    json.write(value, 0);
    return json.out.append('\n').toString();
  }

  /** An address or a hash as JSON carries it: a string of lower-case digits after 0x. */
  public static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  /** The components of a record by the names that JSON gives them, for a caller to add others. */
  public static Map<String, @Nullable Object> fields(Record record) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      fields.put(snakeCase(component.getName()), component(record, component));
    }
    return fields;
  }

  private void write(@Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case String text -> quote(text);
      case Character character -> quote(String.valueOf(character));
      case Boolean flag -> out.append(flag.booleanValue());
      case Double number -> number(number);
      case Float number -> number(number);
      case Number number -> out.append(number);
      case Enum<?> constant -> quote(kebabCase(constant));
      case Map<?, ?> map -> object(map, depth);
      case Collection<?> items -> array(items.toArray(), depth);
      case Record record -> object(fields(record), depth);
      default -> {
        if (!value.getClass().isArray()) {
          throw new IllegalArgumentException("JSON has no form for " + value.getClass().getName());
        }
        array(boxed(value), depth);
      }
    }
  }

  private void number(double value) {
    if (!Double.isFinite(value)) {
      out.append("null");
    } else if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
      out.append((long) value);
    } else {
      out.append(value);
    }
  }

  private void object(Map<?, ?> map, int depth) {
    out.append('{');
    String separator = "";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(separator);
      member(name(entry.getKey()), entry.getValue(), depth + 1);
      separator = ",";
    }
    close(map.isEmpty(), '}', depth);
  }

  private static String name(@Nullable Object key) {
    return key instanceof Enum<?> constant ? kebabCase(constant) : String.valueOf(key);
  }

  private static String kebabCase(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void member(String name, @Nullable Object value, int depth) {
    line(depth);
    quote(name);
    out.append(": ");
    write(value, depth);
  }

  private void array(@Nullable Object[] items, int depth) {
    boolean inline = items.length <= INLINE && isScalars(items);
    out.append('[');
    for (int i = 0; i < items.length; i++) {
      if (i > 0) {
        out.append(inline ? ", " : ",");
      }
      if (!inline) {
        line(depth + 1);
      }
      write(items[i], depth + 1);
    }
    close(inline, ']', depth);
  }

  private static boolean isScalars(@Nullable Object[] items) {
    for (Object item : items) {
      if (!(item instanceof Number || item instanceof Boolean || item == null)) {
        return items.length == 0;
      }
    }
    return true;
  }

  private void close(boolean inline, char bracket, int depth) {
    if (!inline) {
      line(depth);
    }
    out.append(bracket);
  }

  private void line(int depth) {
    out.append('\n').repeat(' ', depth * INDENT);
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || (Character.isSurrogate(c) && !isPaired(text, i))) {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static boolean isPaired(String text, int at) {
    char c = text.charAt(at);
    return Character.isHighSurrogate(c)
        ? at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))
        : at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
  }

  private static @Nullable Object component(Record record, RecordComponent component) {
    try {
      var accessor = component.getAccessor();
      accessor.setAccessible(true);
      return accessor.invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalArgumentException("cannot read " + component, e);
    }
  }

  private static @Nullable Object[] boxed(Object array) {
    @Nullable Object[] items = new @Nullable Object[Array.getLength(array)];
    for (int i = 0; i < items.length; i++) {
      items[i] = Array.get(array, i);
    }
    return items;
  }

  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
