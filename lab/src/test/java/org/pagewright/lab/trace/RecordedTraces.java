package org.pagewright.lab.trace;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where recorded traces lie. */
final class RecordedTraces {
  private RecordedTraces() {}

  /** The folder of the traces that do not ship with the project; it may be missing. */
  static Path shared() {
    return root().resolveSibling("shared").resolve("traces");
  }

  /** The folder of the traces that ship with the project. */
  static Path samples() {
    return root().resolve("samples/traces");
  }

  /** The trace that ships with the project. */
  static Path sample() {
    return samples().resolve("boot-1cpu-512m.trace.gz");
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve("pagewright"))) {
      folder = folder.getParent();
    }
    return folder == null ? Path.of("").toAbsolutePath() : folder;
  }
}
