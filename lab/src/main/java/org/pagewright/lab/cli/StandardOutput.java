package org.pagewright.lab.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Standard output whose failures are heard.
 *
 * <p>{@link PrintStream} swallows {@link IOException}s: a full disk would pass for success, and a
 * command whose reader has gone would compute on. Here both end the command.
 */
final class StandardOutput extends OutputStream {

  /** The reader of standard output has gone, as with {@code | head}: a quiet end. */
  static final class ReaderGone extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReaderGone(IOException cause) {
      super(cause);
    }
  }

  private static final int BUFFER_BYTES = 1 << 16;

  private final OutputStream file;

  /** After the first failure, which was reported, what is still in buffers is dropped. */
  private boolean failed;

  StandardOutput(OutputStream file) {
    this.file = file;
  }

  /** The process's standard output, buffered: whoever prints must flush at the end. */
  static PrintStream ofProcess() {
    OutputStream out = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    return new PrintStream(
        new BufferedOutputStream(out, BUFFER_BYTES), false, StandardCharsets.UTF_8);
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int count) {
    if (failed) {
      return;
    }
    try {
      file.write(bytes, from, count);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void flush() {
    try {
      file.flush();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private RuntimeException failure(IOException e) {
    failed = true;
    String message = String.valueOf(e.getMessage());
    return message.contains("Broken pipe")
        ? new ReaderGone(e)
        : new UncheckedIOException("standard output: " + message, e);
  }
}
