package org.pagewright.lab.tidy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every rule refuses a bad snippet and lets a good one pass. */
class TidyRulesTest {
  private static final String KERNEL = "kernel/src/main/java/org/pagewright/kernel/mm/";

  private final Findings findings = new Findings();

  private static Source parse(String path, String text) {
    return Source.parse(Map.of(path, text)).getFirst();
  }

  /** A file of the kernel's main sources whose class body is {@code body}. */
  private static Source kernel(String body) {
    return parse(
        KERNEL + "Mm.java",
        "package org.pagewright.kernel.mm;\n/** Models x. */\nfinal class Mm {\n" + body + "\n}\n");
  }

  @Nested
  class Sizes {
    private List<String> check(Source source, Map<String, Long> ratchet) {
      new SizeRules(source, ratchet, findings).check();
      return findings.lines();
    }

    private String method(int lines) {
      return "void m() {\n" + "int_();\n".repeat(lines - 2) + "}";
    }

    @Test
    void method_atTheLimit_passes() {
      assertThat(check(kernel(method(70)), Map.of())).isEmpty();
    }

    @Test
    void method_overTheLimit_isRefused() {
      assertThat(check(kernel(method(71)), Map.of()))
          .containsExactly(KERNEL + "Mm.java:4: method m has 71 lines; expected at most 70");
    }

    @Test
    void method_inTheRatchet_mayStayButNotGrow() {
      Map<String, Long> ratchet = Map.of(KERNEL + "Mm.java#m", 90L);

      assertThat(check(kernel(method(90)), ratchet)).isEmpty();
      assertThat(check(kernel(method(91)), ratchet)).hasSize(1);
    }

    @Test
    void parameters_overTheLimit_areRefusedExceptInRecords() {
      String eight = "int a, int b, int c, int d, int e, int f, int g, int h";

      assertThat(check(kernel("record R(" + eight + ") { R { assert a > 0; } }"), Map.of()))
          .isEmpty();
      assertThat(check(kernel("void m(" + eight + ") {}"), Map.of()))
          .singleElement()
          .asString()
          .contains("method m has 8 parameters");
    }

    @Test
    void nesting_overTheLimit_isRefusedOnce() {
      String three = "while (a) { for (;;) { if (b) { %s } } }";
      String deep = three.formatted("switch (c) { default -> { if (d) {} } }");

      assertThat(check(kernel("void m() { " + three.formatted("x();") + " }"), Map.of())).isEmpty();
      assertThat(check(kernel("void m() { " + deep + " }"), Map.of()))
          .singleElement()
          .asString()
          .contains("nested 4 deep");
    }

    @Test
    void nesting_ofElseIfsAndLambdas_isNotDeeper() {
      String chain = "if (a) {} else if (b) {} else if (c) {} else if (d) {} else if (e) {}";
      String lambda = "for (;;) { while (a) { if (b) { run(() -> { if (c) {} }); } } }";

      assertThat(check(kernel("void m() {\n" + chain + "\n" + lambda + " }"), Map.of())).isEmpty();
    }

    @Test
    void line_ofATextBlock_mayBeLong() {
      String quotes = "\"".repeat(3);
      String block = "String s = " + quotes + "\n" + "x".repeat(200) + "\n" + quotes + ";\n";

      assertThat(check(kernel(block), Map.of())).isEmpty();
      assertThat(check(kernel(block + "//" + "x".repeat(99)), Map.of())).hasSize(1);
    }

    @Test
    void lineAndFile_overTheLimit_areRefused() {
      assertThat(check(kernel("//" + "x".repeat(99)), Map.of()))
          .singleElement()
          .asString()
          .contains("101 columns");
      findings.lines().clear();
      assertThat(check(kernel("\n".repeat(800)), Map.of()))
          .singleElement()
          .asString()
          .contains("lines; expected at most 800");
    }
  }

  @Nested
  class Names {
    private List<String> check(String body) {
      new NameRules(kernel(body), findings).check();
      return findings.lines();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "PageManager",
          "TlbHelper",
          "PteUtils",
          "MmImpl",
          "SignalHandler",
          "CpuContext",
          "ZoneInfo",
          "PageData",
          "TLBShootdown"
        })
    void type_withAnEmptyWordOrCapitals_isRefused(String name) {
      assertThat(check("/** Models x. */ class " + name + " {}")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PageFaultHandler", "Buddyinfo", "X86Cpa", "Database", "MmGather"})
    void type_withAPlainName_passes(String name) {
      assertThat(check("/** Models x. */ class " + name + " {}")).isEmpty();
    }

    @Test
    void type_withoutJavadoc_isRefused() {
      assertThat(check("record Window(int pages) {}")).hasSize(1);
    }

    @Test
    void accessor_withGet_isRefusedUnlessInheritedOrIndexed() {
      assertThat(
              check("@Override public int getOrder() { return 1; } int get(int i) { return 1; }"))
          .isEmpty();
      assertThat(check("int getOrder() { return 1; }")).hasSize(1);
    }
  }

  @Nested
  class Uses {
    private List<String> check(Source source) {
      new UseRules(source, findings).check();
      return findings.lines();
    }

    private Source file(String folder, String statement) {
      String name = folder.replaceFirst(".*/java/", "").replace('/', '.');
      return parse(
          folder + "/Tick.java",
          "package " + name + "; class Tick { void m() { " + statement + " } }");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "Thread.yield();",
          "new Thread(r);",
          "long t = System.nanoTime();",
          "long t = System.currentTimeMillis();",
          "double d = Math.random();",
          "var r = new Random();",
          "var r = ThreadLocalRandom.current();",
          "String s = System.getProperty(\"a\");",
          "int i = Integer.getInteger(\"a\");",
          "System.out.println();",
          "int h = System.identityHashCode(this);"
        })
    void statement_thatMakesRunsDiffer_isRefusedInTheKernel(String statement) {
      assertThat(check(kernel("void m() { " + statement + " }"))).isNotEmpty();
    }

    @Test
    void nativeMemory_isForOnePackage() {
      String use = "import java.lang.foreign.Arena;\n/** Models x. */\nclass A {}";

      assertThat(
              check(
                  parse(
                      "hardware/src/main/java/org/pagewright/hardware/memory/A.java",
                      "package org.pagewright.hardware.memory;" + use)))
          .isEmpty();
      assertThat(check(parse(KERNEL + "A.java", "package org.pagewright.kernel.mm;" + use)))
          .hasSize(1);
    }

    @Test
    void staticImport_ofAClock_isRefused() {
      String text = "package org.pagewright.kernel.mm; import static java.lang.System.nanoTime;";

      assertThat(check(parse(KERNEL + "A.java", text))).hasSize(1);
    }

    @Test
    void clock_inLabOrTests_passes() {
      String clock = "long t = System.nanoTime();";

      assertThat(check(file("lab/src/main/java/org/pagewright/lab/cli", clock))).isEmpty();
      assertThat(check(file("kernel/src/test/java/org/pagewright/kernel/mm", clock))).isEmpty();
    }

    @Test
    void chance_withASeed_passes() {
      assertThat(check(kernel("void m() { var r = new Random(42); }"))).isEmpty();
    }
  }

  @Nested
  class Packages {
    private static final String PAGE =
        """
        /**
         * Models x.
         *
         * <p>Linux: x.c, 7.0.
         *
         * <p>Entry
         * class: {@link %s}.
         */
        @NullMarked
        package org.pagewright.kernel.mm;

        import org.jspecify.annotations.NullMarked;
        """;

    private List<String> check(Map<String, String> files) {
      Map<String, String> paths = new TreeMap<>();
      files.forEach((name, text) -> paths.put(KERNEL + name + ".java", text));
      PackageRules.check(Source.parse(paths), findings);
      return findings.lines();
    }

    @Test
    void page_thatNamesAnEntryClass_passes() {
      assertThat(check(Map.of("Mm", "class Mm {}", "package-info", PAGE.formatted("Mm"))))
          .isEmpty();
    }

    @Test
    void page_thatIsMissing_isAskedFor() {
      assertThat(check(Map.of("Mm", "class Mm {}")))
          .singleElement()
          .asString()
          .contains("no package-info.java");
    }

    @Test
    void entryClass_thatDoesNotExist_isRefused() {
      assertThat(check(Map.of("Mm", "class Mm {}", "package-info", PAGE.formatted("Nn"))))
          .singleElement()
          .asString()
          .contains("entry class Nn; expected one of [Mm]");
    }

    @Test
    void page_withoutNullMarkedOrEntryClass_isRefused() {
      String bare = PAGE.replace("@NullMarked", "").replace("Entry", "Main");

      assertThat(check(Map.of("Mm", "class Mm {}", "package-info", bare))).hasSize(2);
    }

    @Test
    void page_ofOneSentence_isRefused() {
      String short_ =
          "/** Entry class: {@link Mm}. */ @NullMarked package org.pagewright.kernel.mm;";

      assertThat(check(Map.of("Mm", "class Mm {}", "package-info", short_))).hasSize(1);
    }

    @Test
    void package_withTooManyTypes_isRefused() {
      Map<String, String> files = new TreeMap<>(Map.of("package-info", PAGE.formatted("T0")));
      for (int i = 0; i < 26; i++) {
        files.put("T" + i, "class T" + i + " {}");
      }

      assertThat(check(files)).singleElement().asString().contains("26 types");
    }
  }

  static Stream<String> badTexts() {
    return Stream.of("// TO" + "DO later", "see /ro" + "ot/x", "FIX" + "ME", "(/wo" + "rk/main)");
  }

  @ParameterizedTest
  @MethodSource("badTexts")
  void text_withANoteOrAMachinesFolder_isRefused(String text) {
    TextRules.check("a.md", text, findings);

    assertThat(findings.lines()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"what to do", "lab/work/x", "https://example.org/home/x", "$HOME/x"})
  void text_thatOnlyLooksSimilar_passes(String text) {
    TextRules.check("a.md", text, findings);

    assertThat(findings.lines()).isEmpty();
  }

  @Nested
  class Documents {
    private static final String WALKER = "hardware/Walker.java";

    private DocumentRules rules(String text) {
      Map<String, String> texts =
          Map.of("docs/a.md", text, WALKER, "long walk(long va) {}", "b.md", "## One `x`, two\n");
      return new DocumentRules(texts, texts::containsKey, findings);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "[b](../b.md)",
          "[b](../b.md#one-x-two)",
          "# Here\n[b](#here)",
          "[`Walker.walk`](../hardware/Walker.java)",
          "[out](https://example.org/none.md)",
          "```\n[code](none.md)\n```"
        })
    void link_thatLeadsSomewhere_passes(String text) {
      rules(text).checkLinks("docs/a.md");

      assertThat(findings.lines()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
      "[b](b.md)",
      "[b](../b.md#three)",
      "[b](#here)",
      "[`Walker.run`](../hardware/Walker.java)"
    })
    void link_thatLeadsNowhere_isRefused(String text) {
      rules("\n" + text).checkLinks("docs/a.md");

      assertThat(findings.lines()).singleElement().asString().startsWith("docs/a.md:2: ");
    }

    @Test
    void glossary_withATypeThatDoesNotExist_isRefused() {
      rules("| Linux | here |\n|---|---|\n| a | `Walker.walk` |\n| `B` | `Runner` |\n")
          .checkGlossary("docs/a.md");

      assertThat(findings.lines())
          .containsExactly("docs/a.md:4: no type Runner; expected one that exists");
    }
  }
}
