package org.pagewright.lab.show;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.PteFormats;

class FormatFigureTest {

  static List<PteFormat> formats() {
    return PteFormats.all();
  }

  @Test
  void largePageOfX86_hasTheBitsOfTheManual() {
    assertThat(FormatFigure.of(PteFormat.named("x86_64-4level")))
        .contains(
            """
            level 2, 512 entries of 8 bytes: page of 2 MiB
               63 62:59 58:52  51:21  20:13 12  11:9 8 7  6 5  4   3   2   1  0
              +--+-----+-----+-------+-----+---+----+-+--+-+-+---+---+---+---+-+
              |XD| key |  -  |address|  0  |PAT| -  |G|PS|D|A|PCD|PWT|U/S|R/W|P|
              +--+-----+-----+-------+-----+---+----+-+--+-+-+---+---+---+---+-+
            """);
  }

  @Test
  void pageOfRiscv_hasTheBitsOfTheManual() {
    assertThat(FormatFigure.of(PteFormat.named("riscv64-sv39")))
        .contains("  |N |PBMT |  0  |address|RSW|D|A|G|U|X|W|R|V|\n")
        .contains("bit 63: one of a run that maps 64 KiB as one");
  }

  @ParameterizedTest
  @MethodSource("formats")
  void figure_ofEveryFormat_fitsAndShowsEveryLevel(PteFormat format) {
    String figure = FormatFigure.of(format);

    assertThat(figure.lines()).allMatch(line -> line.length() <= 100);
    for (int level = 1; level <= format.topLevel(); level++) {
      assertThat(figure).contains("\nlevel " + level + ", ");
    }
  }
}
