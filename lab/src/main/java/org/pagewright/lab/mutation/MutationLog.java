package org.pagewright.lab.mutation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.mutation.MutantResult.Fate;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.InputText;
import org.pagewright.lab.report.OutputFile;

/**
 * How mutants ended, by their numbers; kept in a file, if one is named, as soon as it is known.
 *
 * <p>The file has a line that says what it is, one that says for which program and battery it
 * holds, and one for each mutant: number, fate, who noticed it, and in which part of the battery,
 * with tabs between them.
 */
public final class MutationLog {
  private static final String MAGIC = "pagewright mutants 1";
  private static final int HEADER_LINES = 2;
  private static final int WORDS = 4;
  private static final int BYTES_MAX = 1 << 24;

  /**
   * How one ended.
   *
   * @param by the oracle or the exception that noticed it first; empty if nothing did
   * @param stage the part of the battery that noticed it; empty if none did
   */
  public record Outcome(Fate fate, String by, String stage) {}

  private final @Nullable Path file;
  private final String subject;
  private final Map<Integer, Outcome> outcomes = new TreeMap<>();

  private MutationLog(@Nullable Path file, String subject) {
    this.file = file;
    this.subject = subject;
  }

  /** One that is forgotten. */
  public static MutationLog inMemory() {
    return new MutationLog(null, "");
  }

  /**
   * One that is kept in {@code file}, with what is there already.
   *
   * @param subject the program and the battery; a file of another one is refused
   */
  public static MutationLog in(Path file, String subject) throws IOException {
    MutationLog log = new MutationLog(file, subject);
    if (Files.exists(file)) {
      log.read(InputText.read(file, BYTES_MAX, "the state of a run of mutants"));
    } else {
      log.write();
    }
    return log;
  }

  private void read(String text) {
    List<String> lines = text.lines().toList();
    if (lines.isEmpty() || !lines.getFirst().equals(MAGIC)) {
      throw wrong(1, 1, "no state of a run of mutants", "a first line '" + MAGIC + "'");
    }
    if (lines.size() < HEADER_LINES || !lines.get(1).equals(subject)) {
      String found = lines.size() < HEADER_LINES ? "nothing" : "'" + lines.get(1) + "'";
      throw wrong(2, 1, found, "'" + subject + "', as the program is the same only then");
    }
    for (int i = HEADER_LINES; i < lines.size(); i++) {
      read(i + 1, lines.get(i));
    }
  }

  private void read(int line, String text) {
    String[] words = text.split("\t", -1);
    if (words.length != WORDS) {
      throw wrong(line, 1, words.length + " words", "number, fate, by and stage, with tabs");
    }
    if (!words[0].matches("\\d{1,9}")) {
      throw wrong(line, 1, "'" + words[0] + "'", "the number of a mutant");
    }
    List<String> fates = Arrays.stream(Fate.values()).map(Fate::name).toList();
    if (!fates.contains(words[1])) {
      int column = words[0].length() + 2;
      throw wrong(line, column, "'" + words[1] + "'", "one of " + String.join(", ", fates));
    }
    Outcome outcome = new Outcome(Fate.valueOf(words[1]), words[2], words[3]);
    if (outcomes.put(Integer.valueOf(words[0]), outcome) != null) {
      throw wrong(line, 1, "mutant " + words[0] + " for the second time", "each one once");
    }
  }

  private BadInput wrong(int line, int column, String what, String expected) {
    return new BadInput(String.valueOf(file), line, column, what, expected);
  }

  /** How a mutant ended, or null while that is not known. */
  public synchronized @Nullable Outcome outcome(int mutant) {
    return outcomes.get(mutant);
  }

  /** Notes how a mutant ended. */
  public synchronized void add(int mutant, Outcome outcome) {
    outcomes.put(mutant, outcome);
    try {
      write();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write() throws IOException {
    if (file == null) {
      return;
    }
    OutputFile.print(
        file,
        out -> {
          out.println(MAGIC);
          out.println(subject);
          outcomes.forEach((mutant, one) ->
              out.println(mutant + "\t" + one.fate + "\t" + one.by + "\t" + one.stage));
        });
  }
}
