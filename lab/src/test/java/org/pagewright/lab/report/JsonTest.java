package org.pagewright.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonTest {

  private record Sample(String name, double meanMs, List<String> tags) {}

  private enum Colour {
    DARK_RED
  }

  @Test
  void text_ofNestedValues_keepsOrderAndIndents() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("zebra", 1);
    value.put("apple", new double[] {1, 2.5, Double.NaN});
    value.put("record", new Sample("x", 0.1, List.of()));
    value.put("colour", Colour.DARK_RED);
    value.put("flag", true);

    assertThat(Json.text(value))
        .isEqualTo(
            """
            {
              "zebra": 1,
              "apple": [1, 2.5, null],
              "record": {
                "name": "x",
                "mean_ms": 0.1,
                "tags": []
              },
              "colour": "dark-red",
              "flag": true
            }
            """);
  }

  @Test
  void keysThatAreConstants_readAsTheirValuesDo() {
    assertThat(Json.text(Map.of(Colour.DARK_RED, 1))).contains("\"dark-red\": 1");
  }

  @Test
  void fieldsOfRecord_withOneAdded_keepNamesAndOrder() {
    Map<String, @Nullable Object> fields = Json.fields(new Sample("x", 0.1, List.of()));
    fields.put("added", 2);

    assertThat(fields.keySet()).containsExactly("name", "mean_ms", "tags", "added");
  }

  @Test
  void strings_areEscaped() {
    assertThat(Json.text("a\"b\\c\nd\u0001e\uD800f"))
        .isEqualTo("\"a\\\"b\\\\c\\nd\\u0001e\\ud800f\"\n");
    assertThat(Json.text("Δμ 🐧")).isEqualTo("\"Δμ 🐧\"\n");
  }

  @Test
  void numbers_thatAreWhole_havePlainDigits() {
    assertThat(Json.text(1.0e9)).isEqualTo("1000000000\n");
    assertThat(Json.text(Long.MAX_VALUE)).isEqualTo("9223372036854775807\n");
    assertThat(Json.text(Double.POSITIVE_INFINITY)).isEqualTo("null\n");
    assertThat(Json.hex(-1)).isEqualTo("0xffffffffffffffff");
  }

  @Test
  void emptyContainers_stayOnOneLine() {
    assertThat(Json.text(List.of())).isEqualTo("[]\n");
    assertThat(Json.text(Map.of())).isEqualTo("{}\n");
    assertThat(Json.text(null)).isEqualTo("null\n");
  }

  @Test
  void objects_ofOtherKinds_areRefused() {
    assertThatThrownBy(() -> Json.text(new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
  }
}
