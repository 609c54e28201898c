package org.pagewright.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.lab.report.TextTable.Align;

/** How tables are drawn. */
class TextTableTest {

  @Test
  void narrowTable_columnsAsWideAsTheirWidestCell() {
    String text =
        new TextTable()
            .column("name", Align.LEFT)
            .column("times", Align.RIGHT)
            .row(List.of("a", "12"))
            .text();
    assertThat(text)
        .isEqualTo(
            """
            +------+-------+
            | name | times |
            +------+-------+
            | a    |    12 |
            +------+-------+
            """);
  }

  @Test
  void textWiderThanATerminal_goesOnInFurtherLines() {
    String words = "every word of this sentence stands in the table ".repeat(5).strip();
    String text =
        new TextTable()
            .column("name", Align.LEFT)
            .column("what", Align.LEFT)
            .column("times", Align.RIGHT)
            .row(List.of("short", words, "12"))
            .text();
    assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSize(TextTable.WIDTH));
    assertThat(text.lines().filter(line -> line.startsWith("| short "))).hasSize(1);
    List<String> parts =
        text.lines()
            .filter(line -> line.startsWith("| ") && !line.contains("what"))
            .map(line -> line.split("\\|", -1)[2].strip())
            .toList();
    assertThat(parts).hasSizeGreaterThan(2);
    assertThat(String.join(" ", parts)).isEqualTo(words);
  }

  @Test
  void wordWiderThanItsColumn_breaksInside() {
    String text = new TextTable().column("what", Align.LEFT).row(List.of("x".repeat(150))).text();
    assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSize(TextTable.WIDTH));
    assertThat(text.chars().filter(c -> c == 'x').count()).isEqualTo(150);
  }

  @Test
  void moreColumnsThanATerminalHas_followInFurtherTablesWithTheFirst() {
    TextTable table = new TextTable().column("what", Align.LEFT);
    List<String> cells = new ArrayList<>(List.of("pages"));
    for (int i = 0; i < 12; i++) {
      table.column("variant" + i, Align.RIGHT);
      cells.add("123456789" + i);
    }
    String text = table.row(cells).text();
    assertThat(text.lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(TextTable.WIDTH));
    assertThat(text.lines().filter(line -> line.startsWith("| pages "))).hasSize(2);
    for (String cell : cells.subList(1, cells.size())) {
      assertThat(text).containsOnlyOnce(" " + cell + " ");
    }
  }

  @Test
  void numberWiderThanATerminal_staysWhole() {
    String number = "1".repeat(150);
    TextTable table = new TextTable().column("a", Align.LEFT).column("n", Align.RIGHT);
    assertThat(table.row(List.of("x", number)).text()).contains("| x | " + number + " |");
  }
}
