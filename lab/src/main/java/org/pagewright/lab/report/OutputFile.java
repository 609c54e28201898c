package org.pagewright.lab.report;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A result file that appears complete under its name or not at all. */
public final class OutputFile {

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Body {
    /** Writes everything to {@code out}, which the caller closes. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** Prints the content of a text file. */
  @FunctionalInterface
  public interface Text {
    /** Prints everything to {@code out}, which the caller closes. */
    void printTo(PrintWriter out);
  }

  private OutputFile() {}

  /** Writes UTF-8 text to {@code file} as {@link #write} does. */
  public static void print(Path file, Text text) throws IOException {
    write(
        file,
        out -> {
          PrintWriter writer = new PrintWriter(out, false, StandardCharsets.UTF_8);
          text.printTo(writer);
          if (writer.checkError()) {
            throw new IOException(file + ": cannot be written");
          }
        });
  }

  /**
   * Writes {@code file} by way of a temporary file in the same folder. A file that is not a regular
   * one, such as a pipe or {@code /dev/stdout}, is written in place.
   */
  public static void write(Path file, Body body) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
        body.writeTo(out);
      }
      return;
    }
    Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new NoSuchFileException(String.valueOf(folder), null, "no such folder");
    }
    // Not createTempFile, whose files only their owner may read.
    Path draft = folder.resolve("." + target.getFileName() + "." + ProcessHandle.current().pid());
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(draft))) {
        body.writeTo(out);
      }
      Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
  }
}
