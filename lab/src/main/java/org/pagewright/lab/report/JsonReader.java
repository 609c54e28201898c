package org.pagewright.lab.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A strict reader of small JSON files (RFC 8259): objects, lists, strings, booleans and integers.
 *
 * <p>Numbers are {@link Long}s, as nothing in a state or a manifest is a fraction. Values know no
 * position afterwards, so what a caller misses is named by its path.
 */
public final class JsonReader {
  private static final int DEPTH_MAX = 64;
  private static final int INTEGER_DIGITS_MAX = 18;

  private final String file;
  private final String text;
  private int at;
  private int depth;

  private JsonReader(String file, String text) {
    this.file = file;
    this.text = text;
  }

  /** The one object that {@code text} holds. */
  public static Map<String, Object> object(String file, String text) {
    JsonReader reader = new JsonReader(file, text);
    reader.skipBlanks();
    if (reader.peek() != '{') {
      throw reader.bad("an object");
    }
    Map<String, Object> object = reader.object();
    reader.skipBlanks();
    if (reader.at < text.length()) {
      throw reader.bad("the end of the file");
    }
    return object;
  }

  private Object value() {
    skipBlanks();
    char c = peek();
    if (c == '{' || c == '[') {
      if (++depth > DEPTH_MAX) {
        throw bad("at most " + DEPTH_MAX + " levels");
      }
      Object nested = c == '{' ? object() : list();
      depth--;
      return nested;
    }
    if (c == '"') {
      return string();
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
      return integer();
    }
    for (Boolean known : new Boolean[] {true, false}) {
      if (text.startsWith(known.toString(), at)) {
        at += known.toString().length();
        return known;
      }
    }
    throw bad("a value");
  }

  private Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    at++;
    skipBlanks();
    if (take('}')) {
      return object;
    }
    do {
      skipBlanks();
      if (peek() != '"') {
        throw bad("a name in quotes");
      }
      int start = at;
      String name = string();
      skipBlanks();
      require(':');
      if (object.put(name, value()) != null) {
        at = start;
        throw bad("each name once, not \"" + name + "\" again");
      }
      skipBlanks();
    } while (take(','));
    require('}');
    return object;
  }

  private List<Object> list() {
    List<Object> list = new ArrayList<>();
    at++;
    skipBlanks();
    if (take(']')) {
      return list;
    }
    do {
      list.add(value());
      skipBlanks();
    } while (take(','));
    require(']');
    return list;
  }

  private String string() {
    StringBuilder string = new StringBuilder();
    at++;
    while (true) {
      char c = peek();
      if (c < ' ') {
        throw bad("a closing quote");
      }
      at++;
      if (c == '"') {
        return string.toString();
      }
      string.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() {
    char c = peek();
    int simple = "\"\\/bfnrt".indexOf(c);
    if (simple >= 0) {
      at++;
      return "\"\\/\b\f\n\r\t".charAt(simple);
    }
    if (c != 'u' || at + 5 > text.length()) {
      throw bad("an escape");
    }
    int value = 0;
    for (int i = at + 1; i < at + 5; i++) {
      int digit = Character.digit(text.charAt(i), 16);
      if (digit < 0) {
        throw bad("four hexadecimal digits");
      }
      value = 16 * value + digit;
    }
    at += 5;
    return (char) value;
  }

  private Long integer() {
    int start = at;
    if (peek() == '-') {
      at++;
    }
    int digits = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    boolean leadsWithZero = at - digits > 1 && text.charAt(digits) == '0';
    boolean isFraction = ".eE".indexOf(peek()) >= 0;
    if (at == digits || at - digits > INTEGER_DIGITS_MAX || leadsWithZero || isFraction) {
      at = start;
      throw bad("an integer of at most " + INTEGER_DIGITS_MAX + " digits");
    }
    return Long.parseLong(text.substring(start, at));
  }

  private void skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  /** The next character, or NUL at the end. */
  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private boolean take(char c) {
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  private void require(char c) {
    if (!take(c)) {
      throw bad("'" + c + "'");
    }
  }

  private BadInput bad(String expected) {
    int line = 1;
    int lineStart = 0;
    for (int i = 0; i < Math.min(at, text.length()); i++) {
      if (text.charAt(i) == '\n') {
        line++;
        lineStart = i + 1;
      }
    }
    String what = at >= text.length() ? "the file ends" : "found '" + text.charAt(at) + "'";
    return new BadInput(file, line, at - lineStart + 1, what, expected);
  }
}
