package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Commands in documents and in the examples of the help are ones that the program takes. */
class DocumentedCommandsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** A line of a document's code block, or of the examples, that calls the program. */
  private static final Pattern CALL =
      Pattern.compile("^ +(?:\\./)?pagewright ([^|<>$*;&]*?)(?: {2,}.*| *#.*)?$");

  private static final Pattern FENCED_CALL =
      Pattern.compile("^(?:\\$ )?\\./pagewright ([^|<>$*;&]*?)(?: {2,}.*| *#.*)?$");

  private static Stream<String> calls(String text) {
    return text.lines()
        .flatMap(line ->
            Stream.of(CALL.matcher(line), FENCED_CALL.matcher(line))
                .filter(call -> call.matches())
                .map(call -> call.group(1)));
  }

  private static void parse(String call) {
    String[] words = call.strip().split(" +", -1);
    // Words in capitals stand for something that the reader fills in.
    if (Stream.of(words).noneMatch(word -> word.matches("[A-Z]{2,}|\\.\\.\\."))
        && !goesElsewhere(words)) {
      Pagewright.commandLine().parseArgs(words);
    }
  }

  /** The arguments of test go to Maven, those of bench to JMH. */
  private static boolean goesElsewhere(String[] words) {
    return words[0].equals("test") || words[0].equals("bench");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void commands_inDocuments_areTaken() throws IOException {
    Map<String, List<String>> found = new TreeMap<>();
    for (Path folder : List.of(ROOT, ROOT.resolve("docs"))) {
      try (Stream<Path> files = Files.walk(folder, folder.equals(ROOT) ? 1 : 9)) {
        files
            .filter(file -> file.toString().endsWith(".md"))
            .forEach(file -> found.put(file.toString(), calls(read(file)).toList()));
      }
    }

    assertThat(found.get(ROOT.resolve("README.md").toString())).contains("run populate", "test");
    found.forEach((file, calls) ->
        calls.forEach(call ->
            assertThatCode(() -> parse(call))
                .as("%s: ./pagewright %s", file, call)
                .doesNotThrowAnyException()));
  }

  @Test
  void commands_inTheHelp_areTaken() {
    checkExamples(Pagewright.commandLine());
  }

  private static void checkExamples(CommandLine command) {
    String[] footer = command.getCommandSpec().usageMessage().footer();
    calls(String.join("\n", footer))
        .forEach(call ->
            assertThatCode(() -> parse(call)).as("pagewright %s", call).doesNotThrowAnyException());
    command.getSubcommands().values().forEach(DocumentedCommandsTest::checkExamples);
  }

  @Test
  void command_thatIsNotTaken_isFound() {
    assertThat(calls("  ./pagewright run populate --bogus 1   # comment\n").toList())
        .containsExactly("run populate --bogus 1");
    assertThatThrownBy(() -> parse("run populate --bogus 1"))
        .isInstanceOf(ParameterException.class);
  }
}
