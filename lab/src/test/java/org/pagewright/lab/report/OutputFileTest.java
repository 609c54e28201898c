package org.pagewright.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
  @TempDir Path folder = Path.of("");

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void print_ofANewFile_leavesOnlyThatFile() throws IOException {
    OutputFile.print(folder.resolve("a.txt"), out -> out.print("é\n"));

    assertThat(names()).containsExactly("a.txt");
    assertThat(folder.resolve("a.txt")).hasContent("é\n");
  }

  @Test
  void write_thatFailsHalfWay_leavesTheOldFile() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "old");

    assertThatThrownBy(() ->
            OutputFile.write(
                file,
                out -> {
                  out.write('n');
                  throw new IOException("disk full");
                }))
        .hasMessage("disk full");
    assertThat(names()).containsExactly("a.txt");
    assertThat(file).hasContent("old");
  }

  @Test
  void write_throughALink_replacesWhatItNames() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);

    OutputFile.print(link, out -> out.print("new"));

    assertThat(link).isSymbolicLink();
    assertThat(file).hasContent("new");
  }

  @Test
  void write_toADevice_writesInPlace() throws IOException {
    OutputFile.print(Path.of("/dev/null"), out -> out.print("gone"));

    assertThat(Path.of("/dev/null")).exists();
    assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
  }

  @Test
  void write_intoAMissingFolder_namesTheFolder() {
    assertThatThrownBy(() -> OutputFile.print(folder.resolve("no/a.txt"), out -> {}))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("no: no such folder");
  }
}
