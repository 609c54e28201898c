package org.pagewright.hardware.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/**
 * What a memory image contains, in the words of {@code manifest.json}: where the roots are, which
 * paging options hold, what is mapped with which rights and what is not.
 *
 * @param image file name of the raw image, relative to the manifest
 * @param base physical address of the image's first byte
 * @param root1 root of the upper half where the architecture has one, else {@link #NO_ROOT}
 * @param options register settings that decide rights, by name; numbers or booleans
 * @param unmapped sample of addresses without a translation
 * @param complete whether {@code mappings} lists every translation
 */
public record Manifest(
    String arch,
    String mode,
    String image,
    long base,
    long root,
    long root1,
    Map<String, Object> options,
    List<Mapping> mappings,
    List<Long> unmapped,
    boolean complete) {

  /** Value of {@link #root1} on architectures with a single root. */
  public static final long NO_ROOT = -1;

  public Manifest {
    options = Map.copyOf(options);
    mappings = List.copyOf(mappings);
    unmapped = List.copyOf(unmapped);
  }

  /** Appends the manifest as one JSON document. */
  public void appendTo(Appendable out) {
    try {
      appendHead(out);
      appendMappings(out);
      appendUnmapped(out);
      out.append("  \"complete\": ").append(Boolean.toString(complete)).append("\n}\n");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void appendHead(Appendable out) throws IOException {
    out.append("{\n  \"arch\": \"").append(arch).append("\",\n");
    out.append("  \"mode\": \"").append(mode).append("\",\n");
    out.append("  \"image\": \"").append(image).append("\",\n");
    out.append("  \"base\": \"").append(hex(base)).append("\",\n");
    out.append("  \"root\": \"").append(hex(root)).append("\",\n");
    if (root1 != NO_ROOT) {
      out.append("  \"root1\": \"").append(hex(root1)).append("\",\n");
    }
    out.append("  \"options\": {");
    String separator = "";
    for (String name : options.keySet().stream().sorted().toList()) {
      out.append(separator).append('"').append(name).append("\": ");
      out.append(String.valueOf(options.get(name)));
      separator = ", ";
    }
    out.append("},\n");
  }

  private void appendMappings(Appendable out) throws IOException {
    out.append("  \"mappings\": [");
    String separator = "\n";
    for (Mapping mapping : mappings) {
      out.append(separator).append("    {\"va\": \"").append(hex(mapping.va()));
      out.append("\", \"pa\": \"").append(hex(mapping.pa()));
      out.append("\", \"size\": ").append(Long.toString(mapping.bytes()));
      out.append(", \"k\": \"").append(mapping.kernel());
      out.append("\", \"u\": \"").append(mapping.user()).append("\"}");
      separator = ",\n";
    }
    out.append("\n  ],\n");
  }

  private void appendUnmapped(Appendable out) throws IOException {
    out.append("  \"unmapped\": [");
    String separator = "";
    for (long va : unmapped) {
      out.append(separator).append('"').append(hex(va)).append('"');
      separator = ", ";
    }
    out.append("],\n");
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
