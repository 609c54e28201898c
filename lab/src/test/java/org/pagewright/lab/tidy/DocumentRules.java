package org.pagewright.lab.tidy;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Documents tell the truth about the tree: relative links lead somewhere, headings that are linked
 * exist, and a link whose text is {@code `Type.method`} leads to a file that has the method.
 *
 * <p>Rows of the glossary name, in their second column, types that exist.
 */
final class DocumentRules {
  private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```");
  private static final Pattern LINK = Pattern.compile("\\[([^\\]]*)\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.*)$");
  private static final Pattern METHOD = Pattern.compile("`\\w+\\.(\\w+)(?:\\(.*\\))?`");
  private static final Pattern ROW = Pattern.compile("(?m)^\\|[^|]*\\|([^|]*)\\|");
  private static final Pattern TYPE = Pattern.compile("`(\\p{Upper}\\w+)[.`(]");

  /** The text of every file of the checkout that links may need to look into, by path. */
  private final Map<String, String> texts;

  private final Predicate<String> exists;
  private final Findings findings;

  DocumentRules(Map<String, String> texts, Predicate<String> exists, Findings findings) {
    this.texts = texts;
    this.exists = exists;
    this.findings = findings;
  }

  void checkLinks(String path) {
    String text = text(path);
    Matcher link = LINK.matcher(FENCED.matcher(text).replaceAll(DocumentRules::blank));
    while (link.find()) {
      String target = link.group(2);
      if (!target.contains("://") && !target.startsWith("mailto:")) {
        checkLink(path, lineOf(text, link.start()), link.group(1), target);
      }
    }
  }

  private void checkLink(String path, long line, String shown, String target) {
    int mark = target.indexOf('#');
    String file = mark < 0 ? target : target.substring(0, mark);
    String resolved = file.isEmpty() ? path : resolve(path, file);
    if (!exists.test(resolved)) {
      findings.add(path, line, "dead link " + target, "a file of the checkout");
    } else if (mark >= 0 && !headings(resolved).contains(target.substring(mark + 1))) {
      findings.add(path, line, "dead link " + target, "one of " + headings(resolved));
    }
    Matcher method = METHOD.matcher(shown);
    if (method.matches() && resolved.endsWith(".java")) {
      Pattern declared = Pattern.compile("\\b" + method.group(1) + "\\(");
      if (!declared.matcher(text(resolved)).find()) {
        findings.add(path, line, shown + " is not in " + file, "a method of that file");
      }
    }
  }

  /** Checks that the types in the second column of the tables of {@code path} are source files. */
  void checkGlossary(String path) {
    Set<String> types = new HashSet<>();
    texts.keySet().forEach(file -> types.add(file.replaceFirst(".*/", "")));
    Matcher row = ROW.matcher(text(path));
    while (row.find()) {
      Matcher type = TYPE.matcher(row.group(1));
      while (type.find()) {
        if (!types.contains(type.group(1) + ".java")) {
          findings.add(
              path, lineOf(text(path), row.start()), "no type " + type.group(1), "one that exists");
        }
      }
    }
  }

  private String text(String path) {
    return texts.getOrDefault(path, "");
  }

  private Set<String> headings(String path) {
    Set<String> slugs = new HashSet<>();
    Matcher heading = HEADING.matcher(FENCED.matcher(text(path)).replaceAll(""));
    while (heading.find()) {
      slugs.add(slug(heading.group(1)));
    }
    return slugs;
  }

  /** The anchor that code hosts give a heading. */
  static String slug(String heading) {
    return heading
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "")
        .strip()
        .replace(' ', '-');
  }

  private static String resolve(String from, String to) {
    return java.nio.file.Path.of(from).resolveSibling(to).normalize().toString();
  }

  private static String blank(java.util.regex.MatchResult fenced) {
    return Matcher.quoteReplacement(fenced.group().replaceAll("[^\n]", " "));
  }

  private static long lineOf(String text, int position) {
    return text.substring(0, position).chars().filter(c -> c == '\n').count() + 1;
  }
}
