package org.pagewright.lab.trace.input;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.BadInput;

/**
 * The files that stand beside a trace and say what it does not.
 *
 * <p>For a trace {@code NAME.trace.gz} they are {@code NAME.state-start.json}, {@code
 * NAME.state-end.json}, {@code NAME.hidden.csv} and snapshots of {@code /proc}: {@code
 * NAME.proc-before.txt} or {@code NAME.before.txt}, {@code NAME.proc-stopped.txt}, {@code
 * NAME.proc-after.txt} or {@code NAME.after.txt}; each plain or with {@code .gz}.
 *
 * @param stateStart complete state before the first event
 * @param stateEnd complete state after the last
 * @param hidden steps without an event
 * @param before {@code /proc} before the recording, a file or a folder
 * @param after {@code /proc} after it
 */
public record Companions(
    @Nullable Path stateStart,
    @Nullable Path stateEnd,
    @Nullable Path hidden,
    @Nullable Path before,
    @Nullable Path after) {

  /** No file at all. */
  public static final Companions NONE = new Companions(null, null, null, null, null);

  private static final String[] TRACE_ENDINGS = {".gz", ".txt", ".trace"};

  /** More than the largest of these files; a trace given by mistake is refused at once. */
  private static final int FILE_BYTES_MAX = 1 << 28;

  /** What stands beside {@code trace} under its name. */
  public static Companions beside(Path trace) {
    Path fileName = trace.getFileName();
    if (fileName == null) {
      return NONE;
    }
    String name = fileName.toString();
    for (String ending : TRACE_ENDINGS) {
      if (name.endsWith(ending) && name.length() > ending.length()) {
        name = name.substring(0, name.length() - ending.length());
      }
    }
    return new Companions(
        find(trace, name + ".state-start.json"),
        find(trace, name + ".state-end.json"),
        find(trace, name + ".hidden.csv"),
        find(trace, name + ".proc-before.txt", name + ".before.txt"),
        find(trace, name + ".proc-stopped.txt", name + ".proc-after.txt", name + ".after.txt"));
  }

  private static @Nullable Path find(Path trace, String... names) {
    for (String name : names) {
      for (String candidate : new String[] {name, name + ".gz"}) {
        Path file = trace.resolveSibling(candidate);
        if (Files.isRegularFile(file)) {
          return file;
        }
      }
    }
    return null;
  }

  /** These without the states. */
  public Companions withoutState() {
    return new Companions(null, null, hidden, before, after);
  }

  /** These without the hidden steps. */
  public Companions withoutHidden() {
    return new Companions(stateStart, stateEnd, null, before, after);
  }

  /** These, where {@code other} names nothing else. */
  public Companions overriddenBy(Companions other) {
    return new Companions(
        other.stateStart == null ? stateStart : other.stateStart,
        other.stateEnd == null ? stateEnd : other.stateEnd,
        other.hidden == null ? hidden : other.hidden,
        other.before == null ? before : other.before,
        other.after == null ? after : other.after);
  }

  public static @Nullable RecordedState state(@Nullable Path file) throws IOException {
    return file == null ? null : RecordedState.parse(file.toString(), text(file));
  }

  public static @Nullable HiddenSteps hidden(@Nullable Path file) throws IOException {
    return file == null ? null : HiddenSteps.parse(file.toString(), text(file));
  }

  public static @Nullable ProcSnapshot snapshot(@Nullable Path file) throws IOException {
    if (file == null) {
      return null;
    }
    return Files.isDirectory(file)
        ? ProcSnapshot.ofFolder(file)
        : ProcSnapshot.parse(file.toString(), text(file));
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      InputStream plain = TraceReader.startsLikeGzip(in) ? new GZIPInputStream(in) : in;
      byte[] bytes = plain.readNBytes(FILE_BYTES_MAX);
      if (bytes.length == FILE_BYTES_MAX) {
        throw new BadInput(file.toString(), "too large", "less than 256 MiB");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1);
    } catch (EOFException | ZipException e) {
      throw new BadInput(file.toString(), "damaged gzip data", "gzip or plain text");
    }
  }
}
