package org.pagewright.lab.experiment;

import java.util.List;
import org.pagewright.lab.report.BadInput;

/** A file of ours or of a user that says something impossible; lists every problem found in it. */
public final class BadFile extends BadInput {
  private static final long serialVersionUID = 1L;

  /** One line per problem, each {@code file:line:column: what; expected X}. */
  private final List<String> problems;

  /** The problems of one file, at least one. */
  public BadFile(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** One line per problem, each {@code file:line:column: what; expected X}. */
  public List<String> problems() {
    return problems;
  }
}
