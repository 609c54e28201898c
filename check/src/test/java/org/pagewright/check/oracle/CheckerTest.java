package org.pagewright.check.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The list of checkers that users see names every oracle that there is. */
class CheckerTest {
  private static final Pattern NAMED = Pattern.compile("super\\(\\s*\"([a-z-]+)\"");

  private static List<String> listed() {
    return Checker.all().stream().map(Checker::name).toList();
  }

  private static Stream<String> namesIn(Path source) {
    try {
      return NAMED.matcher(Files.readString(source)).results().map(found -> found.group(1));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void list_ofCheckers_namesEveryOracleOnce() throws IOException {
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      List<String> oracles =
          sources
              .filter(source -> source.toString().endsWith(".java"))
              .flatMap(CheckerTest::namesIn)
              .toList();
      assertThat(oracles).hasSizeGreaterThan(25).doesNotHaveDuplicates();
      assertThat(listed()).containsAll(oracles).doesNotHaveDuplicates();
    }
  }

  @Test
  void gallery_hasARowForEveryOracleThatIsListed() throws IOException {
    String gallery = Files.readString(Path.of("../docs/models/gallery.md"));
    Matcher rows = Pattern.compile("(?m)^\\| `([a-z-]+)` \\|").matcher(gallery);

    assertThat(rows.results().map(row -> row.group(1)).toList())
        .doesNotHaveDuplicates()
        .allMatch(listed()::contains);
  }
}
