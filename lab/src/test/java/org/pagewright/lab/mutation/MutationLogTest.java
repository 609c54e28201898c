package org.pagewright.lab.mutation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.lab.mutation.MutantResult.Fate;
import org.pagewright.lab.mutation.MutationLog.Outcome;
import org.pagewright.lab.report.BadInput;

/** What is finished is in the file at once, and a damaged file says where it is damaged. */
class MutationLogTest {
  private static final String SUBJECT = "whole battery of 0badcafe";
  private static final Outcome NOTICED = new Outcome(Fate.ORACLE, "frames-kept", "requests 7.0");
  private static final Outcome SURVIVED = new Outcome(Fate.SURVIVED, "", "");

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("mutants.txt");
  }

  @Test
  void log_ofAnInterruptedRun_knowsWhatWasAddedToTheLast() throws IOException {
    MutationLog first = MutationLog.in(file(), SUBJECT);
    first.add(7, NOTICED);
    first.add(3, SURVIVED);

    MutationLog second = MutationLog.in(file(), SUBJECT);
    assertThat(second.outcome(7)).isEqualTo(NOTICED);
    assertThat(second.outcome(3)).isEqualTo(SURVIVED);
    assertThat(second.outcome(4)).isNull();
  }

  @Test
  void log_ofAnotherProgram_isRefused() throws IOException {
    MutationLog.in(file(), SUBJECT);
    assertThatThrownBy(() -> MutationLog.in(file(), "whole battery of 00000000"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("mutants.txt:2:1: '" + SUBJECT + "'; expected 'whole battery of 0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "7;ORACLE;frames-kept ! 3:1: 3 words",
        "-7;ORACLE;a;b ! 3:1: '-7'; expected the number of a mutant",
        "99999999999;ORACLE;a;b ! 3:1: '99999999999'",
        "12;KILLED;a;b ! 3:4: 'KILLED'; expected one of NOT_REACHED, ORACLE",
        "12;ORACLE;a;b/12;SURVIVED;; ! 4:1: mutant 12 for the second time",
      })
  void log_ofADamagedFile_saysWhere(String damaged, String message) throws IOException {
    String lines = damaged.replace(';', '\t').replace('/', '\n');
    Files.writeString(file(), "pagewright mutants 1\n" + SUBJECT + "\n" + lines + "\n");
    assertThatThrownBy(() -> MutationLog.in(file(), SUBJECT))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("mutants.txt:" + message);
  }

  @Test
  void log_ofAnotherFile_isRefused() throws IOException {
    Files.writeString(file(), "name: x\n");
    assertThatThrownBy(() -> MutationLog.in(file(), SUBJECT))
        .hasMessageContaining("mutants.txt:1:1: no state of a run of mutants");
  }
}
