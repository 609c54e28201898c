package org.pagewright.lab.tidy;

import java.util.ArrayList;
import java.util.List;

/** What the rules object to, each as {@code path:line: what; expected what}. */
final class Findings {
  private final List<String> lines = new ArrayList<>();

  void add(String path, long line, String what, String expected) {
    lines.add(path + ":" + line + ": " + what + "; expected " + expected);
  }

  List<String> lines() {
    return lines;
  }
}
