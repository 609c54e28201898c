package org.pagewright.check.oracle;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** What a checker is called in reports, and the property that it states. */
public record Checker(String name, String property) {
  private static final String LIST = "checkers.tsv";

  /** All checkers, those of single mechanisms last. */
  public static List<Checker> all() {
    try (InputStream in = Checker.class.getResourceAsStream(LIST)) {
      byte[] bytes = Objects.requireNonNull(in, LIST).readAllBytes();
      return new String(bytes, StandardCharsets.UTF_8).lines().map(Checker::of).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Checker of(String line) {
    int tab = line.indexOf('\t');
    return new Checker(line.substring(0, tab), line.substring(tab + 1));
  }
}
