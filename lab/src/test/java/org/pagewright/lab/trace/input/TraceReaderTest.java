package org.pagewright.lab.trace.input;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.lab.report.BadInput;

class TraceReaderTest {
  private static final String FTRACE = resource("ftrace.txt");

  private static String resource(String name) {
    try (InputStream in = TraceReaderTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int flag(String name) {
    return switch (name) {
      case "GFP_KERNEL" -> 0xcc0;
      case "__GFP_ZERO" -> 0x100;
      default -> -1;
    };
  }

  private static List<String> events(TraceReader reader) throws IOException {
    List<String> events = new ArrayList<>();
    EventBatch batch = new EventBatch(4);
    while (reader.read(batch)) {
      for (int i = 0; i < batch.size(); i++) {
        events.add(event(batch, i));
      }
    }
    return events;
  }

  private static String event(EventBatch batch, int at) {
    String common =
        "%d cpu%d %s %x/%d"
            .formatted(
                batch.line(at),
                batch.cpu(at),
                EventBatch.name(batch.kind(at)).substring("mm_page_".length()),
                batch.pfn(at),
                batch.order(at));
    return common
        + switch (batch.kind(at)) {
          case EventBatch.ALLOC -> " type" + batch.migratetype(at) + " " + hex(batch.gfp(at));
          case EventBatch.ZONE_LOCKED -> " type" + batch.migratetype(at) + refill(batch, at);
          case EventBatch.PCPU_DRAIN -> " type" + batch.migratetype(at);
          case EventBatch.EXTFRAG ->
              " type"
                  + batch.migratetype(at)
                  + " from "
                  + batch.fallbackOrder(at)
                  + " type"
                  + batch.fallbackMigratetype(at)
                  + " owns "
                  + batch.changesOwnership(at);
          default -> "";
        };
  }

  private static String refill(EventBatch batch, int at) {
    return batch.isRefill(at) ? " refill" : "";
  }

  private static String hex(int value) {
    return Integer.toHexString(value);
  }

  private static TraceReader reader(String text) throws IOException {
    byte[] bytes = text.getBytes(ISO_8859_1);
    return TraceReader.of("t.trace", new ByteArrayInputStream(bytes), TraceReaderTest::flag);
  }

  private static List<String> events(String text) throws IOException {
    return events(reader(text));
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(ISO_8859_1));
    }
    return bytes.toByteArray();
  }

  @Nested
  class Forms {
    private static final List<String> EVENTS =
        List.of(
            "6 cpu0 alloc_zone_locked 7a9e/0 type0 refill",
            "7 cpu1 alloc 7a9e/2 type1 dc0",
            "8 cpu1 free 1a2b0/3",
            "9 cpu1 free_batched 1a2b1/0",
            "10 cpu0 pcpu_drain 44/9 type1",
            "11 cpu0 alloc_extfrag 8400/1 type2 from 10 type1 owns true");

    @Test
    void ftraceText_everyKind_isRead() throws IOException {
      assertThat(events(FTRACE)).isEqualTo(EVENTS);
    }

    @Test
    void gzip_underAnyName_isToldByItsFirstBytes() throws IOException {
      TraceReader reader =
          TraceReader.of("t", new ByteArrayInputStream(gzip(FTRACE)), TraceReaderTest::flag);

      assertThat(events(reader)).isEqualTo(EVENTS);
    }

    @Test
    void carriageReturnsAndTrailingBlanks_areIgnored() throws IOException {
      assertThat(events(FTRACE.replace("\n", "  \r\n"))).isEqualTo(EVENTS);
    }

    @Test
    void oldKernels_decimalFrameAndNoFlags_areRead() throws IOException {
      String text =
          "  cat-7 [000]   1.5: mm_page_alloc: page=(null) pfn=31390 order=0 migratetype=0"
              + " gfp_flags=GFP_KERNEL\n";

      assertThat(events(text)).containsExactly("1 cpu0 alloc 7a9e/0 type0 cc0");
    }

    @Test
    void traceCmdReport_withNanosecondsAndPadding_isRead() throws IOException {
      String text = resource("trace-cmd.txt");
      TraceReader reader = reader(text);

      assertThat(events(reader))
          .containsExactly("2 cpu1 alloc 1a2b0/2 type1 dc0", "4 cpu1 free 1a2b0/2");
      assertThat(reader.statistics().tlbFlushes()).containsEntry("local MM shootdown", 1L);
    }

    @Test
    void perfScript_withHeaderAndStacks_isRead() throws IOException {
      String text = resource("perf-script.txt");

      assertThat(events(text))
          .containsExactly("3 cpu1 alloc 1a2b0/2 type1 dc0", "7 cpu1 free 1a2b0/2");
    }
  }

  @Nested
  class Counted {
    @Test
    void unknownEventsAndFlags_areCountedAndNotFatal() throws IOException {
      String text =
          """
             app-1 [000] .....  1.000001: mm_page_alloc: pfn=0x1 order=0 migratetype=0 \
          gfp_flags=GFP_KERNEL|__GFP_UNMAPPED
             app-1 [000] .....  1.000002: mm_page_alloc: pfn=0x2 order=0 migratetype=0 \
          gfp_flags=GFP_KERNEL|__GFP_UNMAPPED
             app-1 [000] .....  1.000003: sched_switch: prev=1
             app-1 [000] .....  1.000004: mm_page_owner: pfn=0x1
             app-1 [000] .....  1.000005: sched_switch: prev=2
          """;
      TraceReader reader = reader(text);

      assertThat(events(reader)).hasSize(2);
      assertThat(reader.statistics().unknownFlags()).containsExactly(entry("__GFP_UNMAPPED", 2));
      assertThat(reader.statistics().otherEvents())
          .containsExactly(entry("sched_switch", 2), entry("mm_page_owner", 1));
    }

    private static Map.Entry<String, Long> entry(String name, long count) {
      return Map.entry(name, count);
    }

    @Test
    void lostEvents_inEveryTool_areCountedWithTheirLine() throws IOException {
      String text =
          """
             app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x1 order=0
          CPU:1 [LOST 37 EVENTS]
             app-1 [001] .....  1.000002: mm_page_free: page=0 pfn=0x2 order=0
          CPU:0 [5 EVENTS DROPPED]
             app-1 [000] .....  1.000003: mm_page_free: page=0 pfn=0x3 order=0
          """;
      TraceReader reader = reader(text);

      assertThat(events(reader)).hasSize(3);
      assertThat(reader.statistics().lost()).isEqualTo(42);
      assertThat(reader.statistics().lostAt())
          .containsExactly("line 2: CPU:1 [LOST 37 EVENTS]", "line 4: CPU:0 [5 EVENTS DROPPED]");
      assertThat(reader.statistics().isIncomplete()).isTrue();
    }

    @Test
    void overwrittenStart_byTheHeader_isReported() throws IOException {
      TraceReader reader = reader(FTRACE.replace("6/6", "6/10"));
      events(reader);

      assertThat(reader.statistics().overwritten()).isEqualTo(4);
      assertThat(reader.statistics().isIncomplete()).isTrue();
    }
  }

  @Nested
  class Refused {
    @Test
    void damagedField_namesFileLineAndColumn() {
      assertThatThrownBy(() -> events(FTRACE.replace("pfn=0x1a2b0", "pfn=0x1z2b0")))
          .isInstanceOf(BadInput.class)
          .hasMessageStartingWith("t.trace:8:92: ")
          .hasMessageContaining("expected a frame number");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "hello world\n",
          "   app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x1 order=0\n\0\1\2garbage\n",
          "   app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x1\n",
          "   app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x order=0\n",
          "   app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x1 order=64\n",
          "   app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x1 order=0 more=1\n",
          "   app-1 [000] .....  1.000001: mm_page_alloc: page=0 pfn=0x1 order=0 migratetype=0\n",
          "   app-1 [99999] .....  1.000001: mm_page_free: page=0 pfn=0x1 order=0\n",
        })
    void malformedLine_isRefusedWithItsPosition(String text) {
      assertThatThrownBy(() -> events(text))
          .isInstanceOf(BadInput.class)
          .hasMessageMatching("(?s)t\\.trace:\\d+:\\d+: .*; expected .*");
    }

    @Test
    void shuffledTrace_namesBothLines() {
      String text =
          """
             app-1 [000] .....  2.000001: mm_page_free: page=0 pfn=0x1 order=0
             app-1 [001] .....  1.000001: mm_page_free: page=0 pfn=0x2 order=0
             app-1 [000] .....  1.500000: mm_page_free: page=0 pfn=0x3 order=0
          """;

      assertThatThrownBy(() -> events(text))
          .isInstanceOf(BadInput.class)
          .hasMessageStartingWith("t.trace:3:")
          .hasMessageContaining("goes back on CPU 0")
          .hasMessageContaining("line 1");
    }

    @Test
    void fileThatEndsInsideALine_isRefused() {
      String text = "   app-1 [000] .....  1.000001: mm_page_free: page=0 pfn=0x1 order=1";

      assertThatThrownBy(() -> events(text))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("t.trace:1:")
          .hasMessageContaining("ends inside a line");
    }

    @Test
    void fileThatEndsBetweenLines_isRefusedByItsHeader_unlessAllowed() throws IOException {
      String cut = FTRACE.substring(0, FTRACE.lastIndexOf("            init-1"));

      assertThatThrownBy(() -> events(cut))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("t.trace:10: the file ends after 5 entries; expected 6");
      assertThat(events(reader(cut).allowPartial())).hasSize(5);
    }

    @Test
    void truncatedGzip_namesTheLine() throws IOException {
      byte[] whole = gzip(FTRACE);
      byte[] cut = Arrays.copyOf(whole, whole.length - 40);

      assertThatThrownBy(() ->
              events(TraceReader.of("t", new ByteArrayInputStream(cut), TraceReaderTest::flag)))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("the gzip data ends early");
    }

    @Test
    void fileWithoutARecognisedEvent_showsTheFirstLineNotRead() {
      String text = "# tracer: nop\n   app-1 [000] .....  1.000001: sched_switch: prev=1\n";

      assertThatThrownBy(() -> events(text))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("t.trace:2: ")
          .hasMessageContaining("sched_switch: prev=1");
    }

    @Test
    void emptyFile_isRefused() {
      assertThatThrownBy(() -> events("")).hasMessageContaining("an empty file");
    }

    @Test
    void endlessLine_isRefusedAtTheBufferSize() {
      assertThatThrownBy(() -> events("x".repeat(1 << 19)))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("more than 262144 bytes");
    }
  }
}
