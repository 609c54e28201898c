package org.pagewright.lab.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Text that a user wrote or kept in a file, of which nothing is believed beforehand. */
public final class InputText {
  private InputText() {}

  /**
   * The text of a regular file in UTF-8.
   *
   * @param what what the file should be, with its article, for whoever named another one
   * @throws BadInput if it is something else or longer than {@code bytesMax}
   */
  public static String read(Path file, int bytesMax, String what) throws IOException {
    String name = file.toString();
    if (!Files.exists(file)) {
      throw new NoSuchFileException(name);
    }
    if (!Files.isRegularFile(file)) {
      throw new BadInput(name, "not a regular file", what);
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(bytesMax + 1);
    }
    if (bytes.length > bytesMax) {
      throw new BadInput(name, "longer than " + bytesMax + " bytes", what);
    }
    ByteBuffer left = ByteBuffer.wrap(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(left).toString();
    } catch (CharacterCodingException e) {
      throw new BadInput(name, "not UTF-8", "a text file");
    }
  }
}
