package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.schedule.Positions;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.InputText;
import org.pagewright.lab.report.OutputFile;

/**
 * What came of each search, and where those stand that stopped early: a text file from which the
 * next run of the command goes on. Its first line says what it is, the second how was searched;
 * then there is a line for each search, its fields separated by tabs.
 */
final class CheckState {
  private static final String MAGIC = "pagewright check 1";
  private static final int BYTES_MAX = 1 << 26;
  private static final int HEAD_LINES = 2;

  /** How a search ended. */
  enum Ending {
    /** Nothing is left to try. */
    DONE,
    /** It may go on. */
    STOPPED,
    /** A run broke a property. */
    FAILED
  }

  /**
   * One search.
   *
   * @param subject what is run; a scenario that was changed is another one
   * @param seconds how long it took in all runs of the command
   * @param coverage what was tried, in words
   * @param where position of a search that stopped, schedule of one that failed
   * @param programs what each CPU of a failing run does, as one text; else empty
   */
  record Entry(
      Ending ending,
      String subject,
      long schedules,
      double seconds,
      String coverage,
      String where,
      String programs) {
    private static final int FIELDS = 7;

    private String line() {
      String ms = Long.toString(Math.round(seconds * 1000));
      return String.join("\t", word(), subject, schedules + "", ms, coverage, where, programs);
    }

    private String word() {
      return ending.name().toLowerCase(Locale.ROOT);
    }
  }

  /** An entry, and where in the file it is. */
  private record Line(Entry entry, int number, List<String> fields) {
    /** Column at which a field begins. */
    int column(int field) {
      return 1 + fields.stream().limit(field).mapToInt(text -> text.length() + 1).sum();
    }
  }

  private static final int SUBJECT = 1;
  private static final int WHERE = 5;

  private final @Nullable Path file;
  private final String how;
  private final Map<String, Line> lines = new LinkedHashMap<>();

  private CheckState(@Nullable Path file, String how) {
    this.file = file;
    this.how = how;
  }

  /**
   * Reads a file if it exists; without one nothing is known and nothing is written.
   *
   * @param how the orders that are tried, which must be the same to go on
   */
  static CheckState open(@Nullable Path file, String how) throws IOException {
    CheckState state = new CheckState(file, how);
    if (file != null && Files.exists(file)) {
      state.read(InputText.read(file, BYTES_MAX, "the state of a check").lines().toList());
    }
    return state;
  }

  private void read(List<String> text) {
    if (text.isEmpty() || !text.getFirst().equals(MAGIC)) {
      throw bad(1, 1, "no state of a check", "a first line '" + MAGIC + "'");
    }
    if (text.size() < HEAD_LINES || !text.get(1).equals(how)) {
      String found = text.size() < HEAD_LINES ? "nothing" : "'" + text.get(1) + "'";
      throw bad(2, 1, "searched with " + found, "'" + how + "'");
    }
    for (int i = HEAD_LINES; i < text.size(); i++) {
      Line line = parse(text.get(i), i + 1);
      if (lines.put(line.entry.subject, line) != null) {
        throw bad(line.number, line.column(SUBJECT), "a search that is above, too", "each once");
      }
    }
  }

  private Line parse(String text, int number) {
    List<String> fields = Arrays.asList(text.split("\t", -1));
    if (fields.size() != Entry.FIELDS) {
      String what = fields.size() + " fields";
      throw bad(number, text.length() + 1, what, Entry.FIELDS + " that tabs separate");
    }
    Line raw = new Line(NOTHING, number, fields);
    Entry entry =
        new Entry(
            ending(raw),
            fields.get(SUBJECT),
            count(raw, 2),
            count(raw, 3) / 1000.0,
            fields.get(4),
            fields.get(WHERE),
            fields.get(6));
    return new Line(entry, number, fields);
  }

  private static final Entry NOTHING = new Entry(Ending.STOPPED, "", 0, 0, "", "", "");

  private Ending ending(Line line) {
    List<String> words = new ArrayList<>();
    for (Ending ending : Ending.values()) {
      words.add(ending.name().toLowerCase(Locale.ROOT));
    }
    int at = words.indexOf(line.fields.getFirst());
    if (at < 0) {
      String what = "'" + line.fields.getFirst() + "'";
      throw bad(line.number, 1, what, "one of " + String.join(", ", words));
    }
    return Ending.values()[at];
  }

  private long count(Line line, int field) {
    try {
      return Long.parseUnsignedLong(line.fields.get(field));
    } catch (NumberFormatException e) {
      String what = "'" + line.fields.get(field) + "'";
      throw bad(line.number, line.column(field), what, "a number");
    }
  }

  private BadInput bad(int line, int column, String what, String expected) {
    return new BadInput(String.valueOf(file), line, column, what, expected);
  }

  /**
   * What is known of a search; null if nothing is.
   *
   * @param label what the subject begins with, whatever the scenario does
   */
  synchronized @Nullable Entry entry(String label, String subject) {
    Line known = lines.get(subject);
    if (known != null) {
      return known.entry;
    }
    for (Line line : lines.values()) {
      if (line.entry.subject.startsWith(label + " (")) {
        String what = "'" + line.entry.subject + "'";
        throw bad(line.number, line.column(SUBJECT), what, "'" + subject + "', as it is by now");
      }
    }
    return null;
  }

  /** The strategy of a search that stopped, ready to go on. */
  synchronized Strategy strategy(Entry entry, int cpus) {
    try {
      return Positions.parse(cpus, entry.where);
    } catch (IllegalArgumentException e) {
      throw damaged(entry, String.valueOf(e.getMessage()), "a position");
    }
  }

  /** That what an entry says of where it stands cannot be. */
  synchronized BadInput damaged(Entry entry, String what, String expected) {
    Line line = lines.get(entry.subject);
    return line == null
        ? bad(1, 1, what, expected)
        : bad(line.number, line.column(WHERE), what, expected);
  }

  /** Notes what came of a search, and writes all that is known if there is a file. */
  synchronized void put(Entry entry) throws IOException {
    if (file == null) {
      return;
    }
    lines.put(entry.subject, new Line(entry, 1, List.of()));
    List<String> text = new ArrayList<>(List.of(MAGIC, how));
    lines.values().forEach(line -> text.add(line.entry.line()));
    OutputFile.print(file, out -> text.forEach(out::println));
  }
}
