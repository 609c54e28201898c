package org.pagewright.lab.trace.input;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.lab.report.BadInput;

/** Damaged traces: read or refused with a position, never a crash and never a hang. */
class TraceFuzzTest {
  private static final int ROUNDS = 400;
  private static final int LINES = 60;

  private static String trace(Random random) {
    StringBuilder text = new StringBuilder("# tracer: nop\n#\n");
    text.append("# entries-in-buffer/entries-written: ").append(LINES).append('/');
    text.append(LINES).append("   #P:2\n");
    for (int i = 0; i < LINES; i++) {
      text.append(
          String.format(
              "   task-%d   [%03d] ...1.   %d.%06d: ",
              random.nextInt(900), random.nextInt(2), 5 + i / 9, i * 100));
      int pfn = random.nextInt(1 << 20);
      int order = random.nextInt(11);
      text.append(
          switch (random.nextInt(4)) {
            case 0 ->
                String.format(
                    "mm_page_alloc: page=ffffea0000000000 pfn=0x%x order=%d migratetype=1"
                        + " gfp_flags=GFP_KERNEL|__GFP_ZERO",
                    pfn, order);
            case 1 -> String.format("mm_page_free: page=ffffea0000000000 pfn=0x%x order=0", pfn);
            case 2 ->
                String.format(
                    "mm_page_pcpu_drain: page=ffffea0000000000 pfn=0x%x order=%d migratetype=1",
                    pfn, order);
            default -> "sched_switch: prev_comm=a";
          });
      text.append('\n');
    }
    return text.toString();
  }

  private static byte[] gzip(byte[] text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text);
    }
    return bytes.toByteArray();
  }

  private static byte[] damage(byte[] whole, Random random) {
    byte[] bytes = whole.clone();
    int times = 1 + random.nextInt(4);
    for (int i = 0; i < times; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
        case 2 -> bytes[at] = '\n';
        case 3 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        default -> {
          int length = Math.min(bytes.length - at, 40);
          System.arraycopy(whole, random.nextInt(whole.length - length), bytes, at, length);
        }
      }
    }
    return bytes;
  }

  /** Events read, or -1 if the trace was refused. */
  private static long outcome(byte[] bytes) throws IOException {
    EventBatch batch = new EventBatch(16);
    long events = 0;
    try (TraceReader reader = TraceReader.of("fuzz", new ByteArrayInputStream(bytes), name -> 0)) {
      while (reader.read(batch)) {
        events += batch.size();
      }
      return events;
    } catch (BadInput e) {
      assertThat(e.getMessage()).startsWith("fuzz").contains("; expected ");
      return -1;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void damagedTrace_plainOrGzip_isReadOrRefusedWithAPosition(long seed) {
    Random random = new Random(seed);
    byte[] plain = trace(random).getBytes(ISO_8859_1);
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          byte[] packed = gzip(plain);
          assertThat(outcome(plain)).isEqualTo(outcome(packed)).isPositive();
          int refused = 0;
          for (int round = 0; round < ROUNDS; round++) {
            refused += outcome(damage(plain, random)) < 0 ? 1 : 0;
            refused += outcome(damage(packed, random)) < 0 ? 1 : 0;
          }
          assertThat(refused).isGreaterThan(ROUNDS);
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void randomBytes_areRefused(long seed) {
    Random random = new Random(seed);
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = new byte[1 + random.nextInt(5000)];
            random.nextBytes(bytes);
            assertThat(outcome(bytes)).isEqualTo(-1);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void shuffledLines_areRefused(long seed) throws IOException {
    Random random = new Random(seed);
    List<String> lines = new ArrayList<>(List.of(trace(random).split("\n")));
    Collections.shuffle(lines, random);
    byte[] shuffled = (String.join("\n", lines) + "\n").getBytes(ISO_8859_1);

    assertThat(outcome(shuffled)).isEqualTo(-1);
  }
}
