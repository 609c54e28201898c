package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private final StringWriter err = new StringWriter();
  private long seconds;

  private ProgressLine line(boolean terminal) {
    return new ProgressLine(
        "sample", new PrintWriter(err), terminal, () -> seconds * 1_000_000_000);
  }

  @Test
  void progress_elsewhere_isALineEveryTenSeconds() {
    ProgressLine line = line(false);
    for (seconds = 0; seconds < 30; seconds++) {
      line.at((int) seconds, 40);
    }

    assertThat(err.toString().lines())
        .containsExactly("sample 10 of 40, 30 s left", "sample 20 of 40, 20 s left");
  }

  @Test
  void progress_ofAShortRun_isSilentElsewhere() {
    ProgressLine line = line(false);
    seconds = 5;
    line.at(3, 3);

    assertThat(err.toString()).isEmpty();
  }

  @Test
  void progress_onATerminal_clearsItsLineAtTheEnd() {
    ProgressLine line = line(true);
    line.at(0, 2);
    line.at(2, 2);

    assertThat(err.toString()).contains("sample 0 of 2").endsWith("\r\u001b[K");
  }
}
