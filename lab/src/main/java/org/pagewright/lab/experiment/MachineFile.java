package org.pagewright.lab.experiment;

import java.util.List;

/**
 * A machine to run experiments on, as its file describes it.
 *
 * @param name the name it is asked for by
 * @param title what it is, in a line
 * @param note what the description rests on and where it guesses
 * @param memory ranges of RAM, as in {@code 0-640K,1M-2G,4G-66G}
 * @param cpus logical CPUs online
 * @param format the page-table format's name
 * @param tlb the name of the TLB geometry
 * @param costs the name of its cost table
 * @param architecture decides how kernel translations are flushed
 */
public record MachineFile(
    String name,
    String title,
    @YamlBinder.Default("") String note,
    String memory,
    int cpus,
    Architecture architecture,
    String format,
    String tlb,
    String costs,
    DirectMapOptions directMap,
    Features features,
    @YamlBinder.Default("") List<String> sources) {

  /** An instruction set with its kernel policies. */
  public enum Architecture {
    /** Flushes by interprocessor interrupt. */
    X86_64,
    /** Flushes by broadcast invalidation. */
    ARM64
  }

  /**
   * How the direct map is built and kept.
   *
   * @param largestLeaf the largest page at boot: 4K, 2M or 1G
   * @param collapse whether pieces are joined again
   */
  public record DirectMapOptions(
      String largestLeaf, @YamlBinder.Default("false") boolean collapse) {

    /** Options with a leaf that exists. */
    public DirectMapOptions {
      if (!List.of("4K", "2M", "1G").contains(largestLeaf)) {
        throw new IllegalArgumentException(
            "largest-leaf is " + largestLeaf + "; expected 4K, 2M or 1G");
      }
    }
  }

  /** What the processor and the kernel's configuration offer. */
  public record Features(
      @YamlBinder.Default("false") boolean pcid,
      @YamlBinder.Default("false") boolean invpcid,
      @YamlBinder.Default("false") boolean pti,
      @YamlBinder.Default("false") boolean bbml2) {}

  /** A machine with at least one CPU. */
  public MachineFile {
    if (cpus < 1 || cpus > 4096) {
      throw new IllegalArgumentException("cpus is " + cpus + "; expected 1 to 4096");
    }
  }

  /** This machine with RAM of {@code bytes} without holes but that below 1M. */
  public MachineFile withMemoryBytes(long bytes) {
    return new MachineFile(
        name,
        title,
        note,
        "0-640K,1M-" + (bytes >> 10) + "K",
        cpus,
        architecture,
        format,
        tlb,
        costs,
        directMap,
        features,
        sources);
  }

  /** This machine with another number of CPUs. */
  public MachineFile withCpus(int count) {
    return new MachineFile(
        name,
        title,
        note,
        memory,
        count,
        architecture,
        format,
        tlb,
        costs,
        directMap,
        features,
        sources);
  }
}
