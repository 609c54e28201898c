package org.pagewright.lab.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The machines and cost tables that come with the program, and those in users' files. */
public final class Catalogue {

  /** The machine of the published populate numbers. */
  public static final String DEFAULT_MACHINE = "sapphire-rapids";

  private Catalogue() {}

  /** The names of our machines, in order. */
  public static List<String> machines() {
    return index("machines");
  }

  /** The names of our cost tables, in order. */
  public static List<String> costs() {
    return index("costs");
  }

  /** The machine called {@code name}, or the one described in the file of that name. */
  public static MachineFile machine(String name) {
    return load("machine", "machines", name, MachineFile.class);
  }

  /** The cost table called {@code name}, or the one in the file of that name. */
  public static CostFile costs(String name) {
    return load("cost table", "costs", name, CostFile.class);
  }

  private static <T extends Record> T load(String what, String folder, String name, Class<T> type) {
    if (name.contains("/") || name.endsWith(".yaml") || name.endsWith(".yml")) {
      return YamlBinder.read(name, file(name), type);
    }
    List<String> known = index(folder);
    if (!known.contains(name)) {
      throw new IllegalArgumentException(
          "unknown "
              + what
              + " "
              + name
              + "; expected a file or one of "
              + String.join(", ", known)
              + Nearest.hint(name, known));
    }
    return YamlBinder.read(name + ".yaml", resource(folder + "/" + name + ".yaml"), type);
  }

  private static String file(String name) {
    try {
      return Files.readString(Path.of(name));
    } catch (IOException e) {
      throw new BadFile(List.of(name + ": cannot be read (" + e + "); expected a YAML file"));
    }
  }

  private static List<String> index(String folder) {
    return resource(folder + "/index.txt").lines().filter(line -> !line.isBlank()).toList();
  }

  private static String resource(String name) {
    try (InputStream in = Catalogue.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
