package org.pagewright.hardware.tlb;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.tlb.TlbGeometry.Array;
import org.pagewright.hardware.tlb.TlbGeometry.Role;
import org.pagewright.hardware.tlb.TlbGeometry.Structure;
import org.pagewright.hardware.tlb.TlbGeometry.Traits;

/**
 * Geometries of real cores, and small ones for tests.
 *
 * <p>Sizes of paging-structure caches are published for few cores. Where a source is {@code
 * ASSUMED} the number is of the usual size and nothing should rest on it.
 */
public final class TlbGeometries {
  private static final String ASSUMED = "assumed; the maker publishes no number";

  private static final String INTEL_SKYLAKE =
      "Intel 64 and IA-32 Architectures Optimization Reference Manual (248966), table of the TLB"
          + " parameters of the Skylake client microarchitecture; the server core has the same";

  private static final String INTEL_GOLDEN_COVE =
      "Hennessy and Patterson, Computer Architecture: A Quantitative Approach, 7th ed., Intel Core"
          + " i9-12900 memory hierarchy (Golden Cove P-core); Sapphire Rapids uses the same core";

  private static final String AMD_ZEN2 =
      "AMD Software Optimization Guide for Family 17h models 30h and greater, memory management:"
          + " first level 64 entries fully associative, second level 2048 entries";

  private static final String AMD_ZEN3 =
      "AMD Software Optimization Guide for Family 19h (56665): first level 64 entries, second level"
          + " 2048 for data and 512 for instructions; ways of the second level assumed";

  private static final String AMD_ZEN4 =
      "Chips and Cheese, \"AMD's Zen 4, Part 2: Memory Subsystem and Conclusion\": first level 72"
          + " entries, second level 3072; ways of the second level assumed";

  private static final String ARM_A76 =
      "Arm Cortex-A76 Core Technical Reference Manual, TLB organization; Neoverse N1 has the same";

  private static final String ARM_V1 =
      "Arm Neoverse V1 Core Technical Reference Manual, TLB organization; ways from memory of it";

  private static final String ARM_V2 =
      "Arm Neoverse V2 Core Technical Reference Manual, TLB organization; ways from memory of it";

  private static final String SIFIVE_U74 =
      "SiFive U74 Core Complex Manual 21G1, virtual memory: 40 entries at the first level, 512"
          + " direct-mapped at the second";

  private static final int K4 = 12;
  private static final int K16 = 14;
  private static final int K64 = 16;
  private static final int M2 = 21;
  private static final int M32 = 25;
  private static final int M512 = 29;
  private static final int G1 = 30;

  private static final Traits AMD =
      new Traits(/* dropsStructuresOnPathOnly= */ true, /* remembersInvalid= */ false);

  private static final Traits RISCV =
      new Traits(/* dropsStructuresOnPathOnly= */ false, /* remembersInvalid= */ true);

  /** Intel Skylake, Cascade Lake: client and server cores. */
  public static final TlbGeometry SKYLAKE =
      new TlbGeometry(
          "skylake",
          Architecture.X86,
          List.of(
              data("dtlb-4k", 64, 4, INTEL_SKYLAKE, K4),
              data("dtlb-2m", 32, 4, INTEL_SKYLAKE, M2),
              data("dtlb-1g", 4, 4, INTEL_SKYLAKE, G1),
              code("itlb-4k", 128, 8, INTEL_SKYLAKE, K4),
              code("itlb-2m", 8, 8, INTEL_SKYLAKE, M2),
              second("stlb", 1536, 12, INTEL_SKYLAKE, K4, M2),
              second("stlb-1g", 16, 4, INTEL_SKYLAKE, G1)),
          structures(/* pde= */ 32, /* pdpte= */ 4, /* pml4e= */ 4),
          Traits.NONE);

  /** Intel Golden Cove: Sapphire Rapids, and the large cores of Alder Lake. */
  public static final TlbGeometry GOLDEN_COVE =
      new TlbGeometry(
          "golden-cove",
          Architecture.X86,
          List.of(
              data("dtlb-4k", 96, 6, INTEL_GOLDEN_COVE, K4),
              data("dtlb-2m", 32, 4, INTEL_GOLDEN_COVE, M2),
              data("dtlb-1g", 8, 8, INTEL_GOLDEN_COVE, G1),
              code("itlb-4k", 256, 8, INTEL_GOLDEN_COVE, K4),
              code("itlb-2m", 32, 8, INTEL_GOLDEN_COVE, M2),
              second("stlb", 2048, 16, INTEL_GOLDEN_COVE, K4, M2, G1)),
          structures(/* pde= */ 32, /* pdpte= */ 4, /* pml4e= */ 4),
          Traits.NONE);

  /** AMD Zen 2: Rome. */
  public static final TlbGeometry ZEN2 = zen("zen2", 64, 2048, 16, AMD_ZEN2);

  /** AMD Zen 3: Milan. */
  public static final TlbGeometry ZEN3 = zen("zen3", 64, 2048, 16, AMD_ZEN3);

  /** AMD Zen 4: Genoa. */
  public static final TlbGeometry ZEN4 = zen("zen4", 72, 3072, 24, AMD_ZEN4);

  /** Arm Cortex-A76 and Neoverse N1 (Graviton2, Altra). */
  public static final TlbGeometry NEOVERSE_N1 = neoverse("neoverse-n1", 48, 48, 1280, 5, ARM_A76);

  /** Arm Neoverse V1 (Graviton3). */
  public static final TlbGeometry NEOVERSE_V1 = neoverse("neoverse-v1", 48, 40, 2048, 8, ARM_V1);

  /** Arm Neoverse V2 (Graviton4, Grace). */
  public static final TlbGeometry NEOVERSE_V2 = neoverse("neoverse-v2", 48, 48, 2048, 8, ARM_V2);

  /** SiFive U74 (JH7110), without Svvptc. */
  public static final TlbGeometry U74 =
      new TlbGeometry(
          "u74",
          Architecture.RISCV,
          List.of(
              data("dtlb", 40, 40, SIFIVE_U74),
              code("itlb", 40, 40, SIFIVE_U74),
              second("l2", 512, 1, SIFIVE_U74, K4)),
          List.of(new Structure(2, 8, 8, ASSUMED), new Structure(3, 8, 8, ASSUMED)),
          RISCV);

  private TlbGeometries() {}

  /** The geometries of real cores. */
  public static List<TlbGeometry> all() {
    return List.of(
        SKYLAKE, GOLDEN_COVE, ZEN2, ZEN3, ZEN4, NEOVERSE_N1, NEOVERSE_V1, NEOVERSE_V2, U74);
  }

  /** The geometry of a real core, or {@code small} of an architecture. */
  public static TlbGeometry named(String name) {
    List<String> names = new ArrayList<>();
    for (TlbGeometry geometry : all()) {
      if (geometry.name().equals(name)) {
        return geometry;
      }
      names.add(geometry.name());
    }
    throw new IllegalArgumentException(
        "unknown TLB '" + name + "'; expected one of " + String.join(", ", names));
  }

  /**
   * A small TLB of any page sizes for tests: few sets, so that evictions and conflicts happen, and
   * all structure caches that the architecture's formats can use.
   */
  public static TlbGeometry small(Architecture architecture) {
    String source = "none: for tests";
    return new TlbGeometry(
        "small",
        architecture,
        List.of(data("l1d", 16, 4, source), code("l1i", 8, 4, source), second("l2", 32, 4, source)),
        List.of(
            new Structure(2, 8, 4, source),
            new Structure(3, 4, 4, source),
            new Structure(4, 2, 2, source),
            new Structure(5, 2, 2, source)),
        architecture == Architecture.RISCV ? RISCV : Traits.NONE);
  }

  private static TlbGeometry zen(
      String name, int dataEntries, int secondEntries, int secondWays, String source) {
    return new TlbGeometry(
        name,
        Architecture.X86,
        List.of(
            data("l1-dtlb", dataEntries, dataEntries, source, K4, M2, G1),
            code("l1-itlb", 64, 64, source, K4, M2, G1),
            // A page of 1 GiB is held as its part of 2 MiB.
            new Array("l2-dtlb", Role.DATA, 2, secondEntries, secondWays, List.of(K4, M2), source),
            new Array("l2-itlb", Role.INSTRUCTION, 2, 512, 8, List.of(K4, M2), source)),
        structures(/* pde= */ 64, /* pdpte= */ 32, /* pml4e= */ 32),
        AMD);
  }

  private static TlbGeometry neoverse(
      String name, int code, int data, int second, int secondWays, String source) {
    return new TlbGeometry(
        name,
        Architecture.ARM64,
        List.of(
            data("l1-data", data, data, source, K4, K16, K64, M2, M512),
            code("l1-instruction", code, code, source, K4, K16, K64, M2, M32),
            second("l2", second, secondWays, source, K4, K16, K64, M2, M32, M512, G1)),
        structures(/* pde= */ 64, /* pdpte= */ 16, /* pml4e= */ 4),
        Traits.NONE);
  }

  /** Caches of entries that point to tables: of level 2, level 3, and the levels above. */
  private static List<Structure> structures(int pde, int pdpte, int pml4e) {
    return List.of(
        new Structure(2, pde, 4, ASSUMED),
        new Structure(3, pdpte, 4, ASSUMED),
        new Structure(4, pml4e, 4, ASSUMED),
        new Structure(5, pml4e, 4, ASSUMED));
  }

  private static Array data(
      String name, int entries, int ways, String source, Integer... pageShifts) {
    return new Array(name, Role.DATA, 1, entries, ways, List.of(pageShifts), source);
  }

  private static Array code(
      String name, int entries, int ways, String source, Integer... pageShifts) {
    return new Array(name, Role.INSTRUCTION, 1, entries, ways, List.of(pageShifts), source);
  }

  private static Array second(
      String name, int entries, int ways, String source, Integer... pageShifts) {
    return new Array(name, Role.UNIFIED, 2, entries, ways, List.of(pageShifts), source);
  }
}
