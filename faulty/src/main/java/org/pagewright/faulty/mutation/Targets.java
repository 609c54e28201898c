package org.pagewright.faulty.mutation;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.lab.mutation.MutantPlace;

/** The classes that are mutated: page allocator, direct map, mermap, mm-local region, tables. */
final class Targets {
  /** Packages of {@code org.pagewright.kernel}. */
  static final List<String> PACKAGES =
      List.of("alloc", "buddy", "directmap", "mermap", "mmlocal", "pgtable");

  /** A checker and a text form that live there but decide nothing. */
  private static final Set<String> SKIPPED = Set.of("AllocatorVerifier", "AllocatorText");

  private static final String ROOT = "org/pagewright/kernel/";

  private Targets() {}

  /** Every mutant of every package, by class and place. */
  static List<Mutant> mutants() {
    Path kernel = classes();
    try {
      if (Files.isDirectory(kernel)) {
        return mutants(kernel);
      }
      try (FileSystem archive = FileSystems.newFileSystem(kernel)) {
        return mutants(archive.getPath("/"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A number that stands for every class of this program and its checkers. */
  static String version() {
    CRC32 sum = new CRC32();
    String all = ManagementFactory.getRuntimeMXBean().getClassPath();
    for (String entry : all.split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (Files.exists(path)) {
        try (Stream<Path> files = Files.walk(path)) {
          for (Path file : files.filter(Targets::isCode).sorted().toList()) {
            sum.update(Files.readAllBytes(file));
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    return String.format(Locale.ROOT, "%08x", sum.getValue());
  }

  private static boolean isCode(Path file) {
    String name = file.toString();
    return Files.isRegularFile(file) && (name.endsWith(".class") || name.endsWith(".jar"));
  }

  private static List<Mutant> mutants(Path kernel) throws IOException {
    List<Mutant> mutants = new ArrayList<>();
    for (String name : PACKAGES) {
      try (Stream<Path> found = Files.list(kernel.resolve(ROOT + name))) {
        for (Path file : found.filter(Targets::isMutated).sorted().toList()) {
          mutants.addAll(MutantFinder.of(Files.readAllBytes(file)));
        }
      }
    }
    return mutants;
  }

  private static boolean isMutated(Path file) {
    String name = file.getFileName().toString();
    String type = name.replaceFirst("[.$].*", "");
    return name.endsWith(".class") && !SKIPPED.contains(type) && !type.contains("-");
  }

  /** The folder or archive with the compiled kernel. */
  private static Path classes() {
    try {
      return Path.of(
          PageAllocator.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The same places with their lines of source, where the checkout is at hand. */
  static List<MutantPlace> withSources(List<MutantPlace> places) {
    Map<String, List<String>> files = new TreeMap<>();
    return places.stream()
        .map(place -> {
          String file = place.type().replaceFirst("\\$.*", "").replace('.', '/') + ".java";
          List<String> lines = files.computeIfAbsent(file, Targets::lines);
          boolean isKnown = place.line() >= 1 && place.line() <= lines.size();
          return isKnown ? place.withSource(lines.get(place.line() - 1).strip()) : place;
        })
        .toList();
  }

  private static List<String> lines(String file) {
    Path source = above("src/main/java/" + file);
    try {
      return source == null ? List.of() : Files.readAllLines(source);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file of the checkout that the program runs from. */
  static Path ofCheckout(String file) {
    Path found = above(file);
    if (found == null) {
      throw new IllegalStateException("no " + file + " above " + classes());
    }
    return found;
  }

  private static @Nullable Path above(String file) {
    for (Path folder = classes(); folder != null; folder = parent(folder)) {
      Path found = folder.resolve(file);
      if (Files.isRegularFile(found)) {
        return found;
      }
    }
    return null;
  }

  private static @Nullable Path parent(Path folder) {
    return folder.getParent();
  }
}
