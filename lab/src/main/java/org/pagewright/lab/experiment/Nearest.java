package org.pagewright.lab.experiment;

import java.util.Collection;
import java.util.Comparator;

/** Finds what somebody probably meant to type. */
public final class Nearest {

  private Nearest() {}

  /** {@code "; did you mean X"} for the nearest of {@code known}, or nothing if none is near. */
  public static String hint(String typed, Collection<String> known) {
    return known.stream()
        .min(Comparator.comparingInt((String k) -> distance(typed, k)).thenComparing(k -> k))
        .filter(k -> distance(typed, k) <= Math.max(2, typed.length() / 3))
        .map(k -> "; did you mean " + k + "?")
        .orElse("");
  }

  /** The number of letters to insert, delete or replace to make {@code a} into {@code b}. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replace, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
