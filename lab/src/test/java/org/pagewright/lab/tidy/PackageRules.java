package org.pagewright.lab.tidy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Every package is documented by a page that names its entry class, and is not too large. */
final class PackageRules {
  static final int TYPES_MAX = 25;
  static final int PAGE_LINES_MIN = 10;
  static final int PAGE_LINES_MAX = 45;

  private static final Pattern ENTRY =
      Pattern.compile(
          "[Ee]ntry (?:class|classes|point|points)\\b[^{]*\\{@(?:link|code)"
              + " (?:[a-z]\\w*\\.)*(\\w+)");

  private PackageRules() {}

  static void check(List<Source> sources, Findings findings) {
    Map<String, List<Source>> packages = new TreeMap<>();
    for (Source source : sources) {
      if (source.isMain() && !source.simpleName().equals("module-info")) {
        String folder = source.path().substring(0, source.path().lastIndexOf('/'));
        packages.computeIfAbsent(folder, _ -> new ArrayList<>()).add(source);
      }
    }
    packages.forEach((folder, files) -> check(folder, files, findings));
  }

  private static void check(String folder, List<Source> files, Findings findings) {
    List<String> types =
        files.stream()
            .map(Source::simpleName)
            .filter(name -> !name.equals("package-info"))
            .toList();
    if (types.size() > TYPES_MAX) {
      findings.add(folder, 1, types.size() + " types", "at most " + TYPES_MAX);
    }
    for (Source file : files) {
      if (file.simpleName().equals("package-info")) {
        checkPage(file, types, findings);
        return;
      }
    }
    findings.add(folder, 1, "no package-info.java", "a page on what the package models");
  }

  private static void checkPage(Source page, List<String> types, Findings findings) {
    if (!page.text().contains("@NullMarked")) {
      findings.add(page.path(), 1, "not @NullMarked", "org.jspecify.annotations.NullMarked");
    }
    long lines = page.lines().count();
    if (lines < PAGE_LINES_MIN || lines > PAGE_LINES_MAX) {
      findings.add(
          page.path(), 1, lines + " lines", PAGE_LINES_MIN + " to " + PAGE_LINES_MAX + " lines");
    }
    Matcher entry = ENTRY.matcher(page.text().replaceAll("\\s*\\n \\* ?", " "));
    if (types.isEmpty()) {
      return;
    }
    if (!entry.find()) {
      findings.add(page.path(), 1, "no entry class", "'Entry class: {@link Name}'");
    } else if (!types.contains(entry.group(1))) {
      findings.add(page.path(), 1, "entry class " + entry.group(1), "one of " + types);
    }
  }
}
