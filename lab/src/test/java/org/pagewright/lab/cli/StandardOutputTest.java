package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
  private static PrintStream failing(String message) {
    OutputStream file =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException(message);
          }
        };
    return new PrintStream(new StandardOutput(file), true, StandardCharsets.UTF_8);
  }

  @Test
  void write_afterTheReaderHasGone_endsTheCommand() {
    try (PrintStream out = failing("Broken pipe")) {
      assertThatThrownBy(() -> out.println("x")).isInstanceOf(StandardOutput.ReaderGone.class);
    }
  }

  @Test
  void write_afterAFailure_isDropped() {
    try (PrintStream out = failing("No space left on device")) {
      assertThatThrownBy(() -> out.println("x")).isInstanceOf(UncheckedIOException.class);
      assertThatCode(() -> out.println("y")).doesNotThrowAnyException();
    }
  }

  @Test
  void write_toAFullDisk_fails() {
    try (PrintStream out = failing("No space left on device")) {
      assertThatThrownBy(() -> out.println("x"))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessage("standard output: No space left on device");
    }
  }
}
