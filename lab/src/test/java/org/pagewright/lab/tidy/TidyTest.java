package org.pagewright.lab.tidy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the whole checkout to the project's own rules; {@link TidyRulesTest} tests the rules. */
class TidyTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path RATCHET =
      ROOT.resolve("lab/src/test/resources/org/pagewright/lab/tidy/long-methods.txt");
  private static final Set<String> SKIPPED_FOLDERS = Set.of("target", ".git", ".idea", "vendor");
  private static final Set<String> MODULES =
      Set.of("hardware", "kernel", "check", "lab", "faulty", "bench");

  /** Text files of the checkout by path. */
  private static final Map<String, String> TEXTS = new TreeMap<>();

  private static List<Source> sources = List.of();

  private final Findings findings = new Findings();

  @BeforeAll
  static void readTheCheckout() throws IOException {
    Files.walkFileTree(ROOT, new Reader());
    Map<String, String> java = new LinkedHashMap<>();
    TEXTS.forEach((path, text) -> {
      if (path.endsWith(".java") && MODULES.contains(path.substring(0, path.indexOf('/')))) {
        java.put(path, text);
      }
    });
    sources = Source.parse(java);
    assertThat(sources).as("sources under %s", ROOT).hasSizeGreaterThan(30);
  }

  private static final class Reader extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      return SKIPPED_FOLDERS.contains(folder.getFileName().toString())
          ? FileVisitResult.SKIP_SUBTREE
          : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      String path = ROOT.relativize(file).toString();
      if (path.endsWith(".java") || path.endsWith(".md") || path.endsWith(".xml")) {
        TEXTS.put(path, Files.readString(file));
      }
      return FileVisitResult.CONTINUE;
    }
  }

  private static Map<String, Long> ratchet() throws IOException {
    return Files.readAllLines(RATCHET).stream()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> line.split(" ", -1))
        .collect(Collectors.toMap(words -> words[0], words -> Long.valueOf(words[1])));
  }

  @Test
  void sizes_ofTheSources_areWithinLimits() throws IOException {
    Map<String, Long> ratchet = ratchet();
    sources.forEach(source -> new SizeRules(source, ratchet, findings).check());

    assertThat(findings.lines()).isEmpty();
  }

  @Test
  void ratchet_ofLongMethods_isAsTightAsCanBe() throws IOException {
    Map<String, Long> slack = new TreeMap<>();
    ratchet()
        .forEach((method, lines) -> {
          Findings tighter = new Findings();
          Map<String, Long> shorter = Map.of(method, lines - 1);
          sources.forEach(source -> new SizeRules(source, shorter, tighter).check());
          String name = method.substring(method.indexOf('#') + 1);
          boolean isTight =
              tighter.lines().stream().anyMatch(line -> line.contains("method " + name + " "));
          if (!isTight) {
            slack.put(method, lines);
          }
        });

    assertThat(slack).as("entries of %s to lower or to remove", RATCHET).isEmpty();
  }

  @Test
  void names_inTheSources_sayWhatThingsAre() {
    sources.forEach(source -> new NameRules(source, findings).check());

    assertThat(findings.lines()).isEmpty();
  }

  @Test
  void uses_ofClocksThreadsChanceAndNativeMemory_areWhereTheyBelong() {
    sources.forEach(source -> new UseRules(source, findings).check());

    assertThat(findings.lines()).isEmpty();
  }

  @Test
  void packages_ofEveryModule_haveAPageThatNamesTheirEntryClass() {
    PackageRules.check(sources, findings);

    assertThat(findings.lines()).isEmpty();
  }

  @Test
  void texts_ofTheCheckout_holdNoNotesToOneself() {
    TEXTS.forEach((path, text) -> TextRules.check(path, text, findings));

    assertThat(findings.lines()).isEmpty();
  }

  @Test
  void links_inDocuments_leadSomewhere() {
    DocumentRules rules = documents();
    TEXTS.keySet().stream().filter(path -> path.endsWith(".md")).forEach(rules::checkLinks);

    assertThat(findings.lines()).isEmpty();
  }

  @Test
  void glossary_namesTypesThatExist() {
    documents().checkGlossary("GLOSSARY.md");

    assertThat(findings.lines()).isEmpty();
  }

  private DocumentRules documents() {
    return new DocumentRules(TEXTS, path -> Files.exists(ROOT.resolve(path)), findings);
  }
}
