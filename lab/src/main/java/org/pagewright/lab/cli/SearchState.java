package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.pagewright.check.schedule.Positions;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.InputText;
import org.pagewright.lab.report.OutputFile;

/**
 * Where a search stopped, as a file of four lines: what the file is, what was searched, how many
 * schedules were run, and the position of the strategy.
 *
 * @param subject scenario, what it does, format and strategy, which must be the same to go on
 */
record SearchState(String subject, long schedules, String position) {
  private static final String MAGIC = "pagewright search 1";
  private static final int LINES = 4;
  private static final int BYTES_MAX = 1 << 24;

  /** Reads a file that {@link #write} wrote for the same {@code subject}. */
  static SearchState read(Path file, String subject) throws IOException {
    String text = InputText.read(file, BYTES_MAX, "the state of a search");
    List<String> lines = text.lines().toList();
    String name = file.toString();
    if (lines.isEmpty() || !lines.getFirst().equals(MAGIC)) {
      throw new BadInput(name, 1, 1, "no state of a search", "a first line '" + MAGIC + "'");
    }
    if (lines.size() != LINES) {
      throw new BadInput(name, lines.size(), 1, lines.size() + " lines", LINES + " lines");
    }
    if (!lines.get(1).equals(subject)) {
      throw new BadInput(name, 2, 1, "a search of '" + lines.get(1) + "'", "'" + subject + "'");
    }
    try {
      return new SearchState(subject, Long.parseUnsignedLong(lines.get(2)), lines.get(3));
    } catch (NumberFormatException e) {
      throw new BadInput(name, 3, 1, "'" + lines.get(2) + "'", "a number of schedules");
    }
  }

  /** The strategy, ready to go on. */
  Strategy strategy(Path file, int cpus) {
    try {
      return Positions.parse(cpus, position);
    } catch (IllegalArgumentException e) {
      throw new BadInput(file.toString(), LINES, 1, String.valueOf(e.getMessage()), "a position");
    }
  }

  void write(Path file) throws IOException {
    OutputFile.print(
        file,
        out -> List.of(MAGIC, subject, Long.toString(schedules), position).forEach(out::println));
  }
}
