package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class PagewrightTest {
  @Test
  void help_ofTheLauncher_namesTheCommandAndSucceeds() {
    StringWriter out = new StringWriter();
    CommandLine line = Pagewright.commandLine().setOut(new PrintWriter(out));

    assertThat(line.execute("--help")).isZero();
    assertThat(out.toString()).contains("Usage: pagewright");
  }
}
