package org.pagewright.lab.tidy;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Words that no committed text contains: notes to oneself, and folders of somebody's machine. */
final class TextRules {
  private record Ban(Pattern pattern, String instead) {}

  // Spelt in pieces, so that this file does not find itself.
  private static final List<Ban> BANS =
      List.of(
          new Ban(Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b"), "an issue"),
          new Ban(
              Pattern.compile("(?<![\\w.~}$])/(ho" + "me|wo" + "rk|ro" + "ot)/\\w"),
              "a relative path"));

  private TextRules() {}

  static void check(String path, String text, Findings findings) {
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      for (Ban ban : BANS) {
        Matcher found = ban.pattern().matcher(line);
        if (found.find()) {
          findings.add(path, number, "has '" + found.group() + "'", ban.instead());
        }
      }
    }
  }
}
