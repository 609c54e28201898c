package org.pagewright.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class YamlBinderTest {

  enum Colour {
    DARK_RED,
    BLUE
  }

  record Inner(String name, @YamlBinder.Default("3") int count) {}

  record Outer(
      long size,
      double ratio,
      boolean flag,
      Colour colour,
      Inner inner,
      List<Inner> items,
      Map<String, Inner> byName,
      @YamlBinder.Default("x") String maybe) {
    Outer {
      if (size < 0) {
        throw new IllegalArgumentException("size is " + size + "; expected 0 or more");
      }
    }
  }

  private static final String GOOD =
      """
      size: 0x10
      ratio: 1.5
      flag: true
      colour: dark-red
      inner: {name: a}
      items:
        - {name: b, count: 1}
        - name: c
      by-name:
        z: {name: d}
        a: {name: e}
      """;

  private static List<String> problems(String text) {
    BadFile bad =
        catchThrowableOfType(
            BadFile.class, () -> YamlBinder.read("m.yaml", text, Outer.class).toString());
    return bad.problems();
  }

  @Test
  void read_ofAGoodFile_bindsEveryKind() {
    Outer outer = YamlBinder.read("m.yaml", GOOD, Outer.class);

    assertThat(outer.size()).isEqualTo(16);
    assertThat(outer.ratio()).isEqualTo(1.5);
    assertThat(outer.flag()).isTrue();
    assertThat(outer.colour()).isEqualTo(Colour.DARK_RED);
    assertThat(outer.inner()).isEqualTo(new Inner("a", 3));
    assertThat(outer.items()).containsExactly(new Inner("b", 1), new Inner("c", 3));
    assertThat(outer.byName().keySet()).containsExactly("z", "a");
    assertThat(outer.maybe()).isEqualTo("x");
  }

  @Test
  void unknownKey_isReportedWithPlaceAndSuggestion() {
    assertThat(problems(GOOD.replace("ratio:", "ratoi:")))
        .containsExactly(
            "m.yaml:2:1: unknown key ratoi; expected one of size, ratio, flag, colour, inner,"
                + " items, by-name, maybe; did you mean ratio?",
            "m.yaml:1:1: the document lacks the key ratio; expected a number");
  }

  @Test
  void duplicateKey_isReportedWithTheLineOfTheFirst() {
    assertThat(problems(GOOD + "size: 3\n"))
        .containsExactly("m.yaml:12:1: the key size was given in line 1; expected each key once");
  }

  @Test
  void wrongValues_areAllReportedAtOnce() {
    String text =
        GOOD.replace("0x10", "big")
            .replace("true", "yes")
            .replace("dark-red", "dark-rod")
            .replace("{name: a}", "[1]");

    assertThat(problems(text))
        .containsExactly(
            "m.yaml:1:7: size is big; expected a whole number",
            "m.yaml:3:7: flag is yes; expected true or false",
            "m.yaml:4:9: colour is dark-rod; expected one of dark-red, blue; did you mean"
                + " dark-red?",
            "m.yaml:5:8: inner is a list; expected a mapping");
  }

  @Test
  void validationOfTheRecord_isReportedAtItsMapping() {
    assertThat(problems(GOOD.replace("0x10", "-1")))
        .containsExactly("m.yaml:1:1: size is -1; expected 0 or more");
  }

  @Test
  void brokenYaml_isReportedWithPlace() {
    assertThat(problems("size: [1\nflag: true\n"))
        .singleElement()
        .asString()
        .startsWith("m.yaml:2:");
    assertThat(problems("")).containsExactly("m.yaml: the file is empty; expected a mapping");
  }

  @Test
  void distance_countsEdits() {
    assertThat(Nearest.distance("kitten", "sitting")).isEqualTo(3);
    assertThat(Nearest.hint("populat", List.of("populate", "replay"))).contains("populate");
    assertThat(Nearest.hint("zzzzzz", List.of("populate", "replay"))).isEmpty();
  }
}
