package org.pagewright.lab.report;

/** Builds XML text that cannot be ill-formed: every element is closed, every text escaped. */
final class Markup {

  private final StringBuilder out = new StringBuilder();

  /** Elements without content, which HTML writes without an end. */
  private static boolean isVoid(String element) {
    return element.equals("meta") || element.equals("br") || element.equals("col");
  }

  /** An element with attributes given as name, value, name, value and with {@code content}. */
  Markup element(String name, Runnable content, String... attributes) {
    open(name, attributes);
    content.run();
    out.append("</").append(name).append('>');
    return this;
  }

  /** An element that holds only text. */
  Markup element(String name, String text, String... attributes) {
    return element(name, () -> text(text), attributes);
  }

  /** An element without content. */
  Markup empty(String name, String... attributes) {
    open(name, attributes);
    if (isVoid(name)) {
      return this;
    }
    out.setLength(out.length() - 1);
    out.append("/>");
    return this;
  }

  /** Text, escaped. */
  Markup text(String text) {
    escape(text);
    return this;
  }

  /** Text that is markup already: a style sheet, or what another builder made. */
  Markup raw(String markup) {
    out.append(markup);
    return this;
  }

  private void open(String name, String... attributes) {
    assert attributes.length % 2 == 0 : name + " has an attribute without a value";
    out.append('<').append(name);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]).append("=\"");
      escape(attributes[i + 1]);
      out.append('"');
    }
    out.append('>');
  }

  private void escape(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        default -> out.append(c < ' ' && c != '\n' && c != '\t' ? ' ' : c);
      }
    }
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
