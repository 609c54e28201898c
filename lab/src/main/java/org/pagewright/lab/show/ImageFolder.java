package org.pagewright.lab.show;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.JsonReader;

/** A folder written by {@code pagewright image}, read back into simulated RAM. */
public final class ImageFolder implements AutoCloseable {
  private static final String MANIFEST = "manifest.json";
  private static final long MANIFEST_BYTES_MAX = 1L << 26;
  private static final long IMAGE_BYTES_MAX = 4L << 30;
  private static final long BASE_MAX = 1L << 40;
  private static final int PAGE_BYTES = 1 << 12;
  private static final int CHUNK_BYTES = 1 << 16;

  private final String file;
  private final Map<String, Object> manifest;
  private final PhysicalMemory memory;
  private final PagingRegisters registers;

  private ImageFolder(Path folder) throws IOException {
    Path path = folder.resolve(MANIFEST);
    file = path.toString();
    if (!Files.isRegularFile(path)) {
      throw new BadInput(folder.toString(), "no " + MANIFEST, "a folder that image has written");
    }
    if (Files.size(path) > MANIFEST_BYTES_MAX) {
      throw new BadInput(file, "too large", "less than 64 MiB");
    }
    manifest = JsonReader.object(file, Files.readString(path, StandardCharsets.UTF_8));
    PteFormat format = format();
    long base = number("base");
    Path image = folder.resolve(text("image"));
    if (!image.normalize().startsWith(folder.normalize()) || !Files.isRegularFile(image)) {
      throw new BadInput(file, "image: no file " + image, "a file in the same folder");
    }
    long bytes = Files.size(image);
    boolean isPlaced = base >= 0 && base < BASE_MAX && base % PAGE_BYTES == 0;
    if (!isPlaced || bytes == 0 || bytes > IMAGE_BYTES_MAX) {
      throw new BadInput(
          file,
          "an image of " + bytes + " bytes at base 0x" + Long.toHexString(base),
          "whole pages below 2^40, at most 4 GiB");
    }
    long end = (base + bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
    memory = new PhysicalMemory(MemoryMap.of(base, end));
    registers = new PagingRegisters(format);
    boolean isDone = false;
    try {
      load(image, base);
      setRoots(format);
      isDone = true;
    } finally {
      if (!isDone) {
        memory.close();
      }
    }
  }

  /**
   * Reads {@code folder}.
   *
   * @throws BadInput if it is none that {@code image} has written
   */
  public static ImageFolder open(Path folder) throws IOException {
    return new ImageFolder(folder);
  }

  private PteFormat format() {
    String arch = text("arch");
    String mode = manifest.containsKey("mode") ? text("mode") : "";
    try {
      return PteFormat.named(mode.isEmpty() ? arch : arch + "-" + mode);
    } catch (IllegalArgumentException unknown) {
      throw new BadInput(file, "arch and mode: " + unknown.getMessage(), "a known format");
    }
  }

  private String text(String key) {
    if (manifest.get(key) instanceof String text) {
      return text;
    }
    throw new BadInput(file, "no text under \"" + key + "\"", "\"" + key + "\": \"...\"");
  }

  private long number(String key) {
    String text = text(key);
    try {
      if (text.startsWith("0x")) {
        return Long.parseUnsignedLong(text.substring(2), 16);
      }
    } catch (NumberFormatException none) {
      // Reported below.
    }
    throw new BadInput(file, "\"" + key + "\": \"" + text + "\"", "an address such as 0x1000");
  }

  private void load(Path image, long base) throws IOException {
    try (InputStream in = Files.newInputStream(image)) {
      long pa = base;
      byte[] chunk = in.readNBytes(CHUNK_BYTES);
      while (chunk.length > 0) {
        memory.writeBytes(pa, chunk);
        pa += chunk.length;
        chunk = in.readNBytes(CHUNK_BYTES);
      }
    }
  }

  private void setRoots(PteFormat format) {
    if (!new Walker(memory, format).loadRoot(registers, number("root"))) {
      throw new BadInput(file, "root " + text("root") + " cannot be loaded", "a valid top table");
    }
    @Nullable Object second = manifest.get("root1");
    if (second != null && format.roots().hasSecond()) {
      registers.setRoot1(number("root1"));
    }
  }

  public PhysicalMemory memory() {
    return memory;
  }

  /** Registers of a CPU that runs on the tables of the image. */
  public PagingRegisters registers() {
    return registers;
  }

  @Override
  public void close() {
    memory.close();
  }
}
