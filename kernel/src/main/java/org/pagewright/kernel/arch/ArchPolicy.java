package org.pagewright.kernel.arch;

import java.util.List;

/**
 * One row: how the kernel of an architecture changes its own mappings and invalidates translations.
 *
 * @param flushMethod how other CPUs learn that a translation is gone
 * @param singleFlushPages largest number of pages that are invalidated one by one; more flush all
 * @param rangeFlushPages largest number of pages that one sequence of range operations covers, or 0
 *     where range operations do not exist
 * @param attributeRules which kernel code changes attributes of kernel mappings
 * @param liveSplit whether a live block may be replaced by a table without breaking it first
 * @param contiguousHint whether the direct map uses the contiguous bit where it can
 * @param protectsLinearAlias whether read-only changes of vmalloc space reach the linear map, which
 *     also makes the linear map changeable at all (arm64 rodata=full)
 * @param globalKernel whether kernel mappings carry the global bit (with page-table isolation off)
 * @param countsLeaves whether /proc/meminfo has DirectMap lines
 */
public record ArchPolicy(
    String name,
    FlushMethod flushMethod,
    int singleFlushPages,
    long rangeFlushPages,
    AttributeRules attributeRules,
    boolean liveSplit,
    boolean contiguousHint,
    boolean protectsLinearAlias,
    boolean globalKernel,
    boolean countsLeaves) {

  /** How an invalidation reaches other CPUs. */
  public enum FlushMethod {
    /** Each CPU invalidates for itself when interrupted. */
    INTERRUPT,
    /** One instruction invalidates on every CPU; nobody is interrupted. */
    BROADCAST
  }

  /** Which kernel code changes the attributes of kernel mappings. */
  public enum AttributeRules {
    /** {@code arch/x86/mm/pat/set_memory.c}: change_page_attr. */
    X86_CPA,
    /** {@code arch/arm64/mm/pageattr.c} and the leaf splitting of {@code mmu.c}. */
    ARM64_LINEAR,
    /** {@code arch/riscv/mm/pageattr.c}: split to base pages first, then change. */
    RISCV_SPLIT_ALL
  }

  /** {@code tlb_single_page_flush_ceiling}: tuned on Haswell in 2014, unchanged since. */
  private static final int X86_CEILING = 33;

  /** {@code MAX_DVM_OPS}: above 512 operations the ASID, or everything, is flushed. */
  private static final int ARM64_DVM_OPS = 512;

  /** {@code MAX_TLBI_RANGE_PAGES}: 32 units at scale 3, each of 2^16 pages. */
  private static final long ARM64_RANGE_PAGES = 32L << 16;

  /** x86-64 with interprocessor interrupts. */
  public static final ArchPolicy X86_64 =
      new ArchPolicy(
          "x86-64",
          FlushMethod.INTERRUPT,
          X86_CEILING,
          /* rangeFlushPages= */ 0,
          AttributeRules.X86_CPA,
          /* liveSplit= */ true,
          /* contiguousHint= */ false,
          /* protectsLinearAlias= */ true,
          /* globalKernel= */ true,
          /* countsLeaves= */ true);

  /** x86-64 with INVLPGB (AMD, Linux 6.15 and later): kernel flushes interrupt nobody. */
  public static final ArchPolicy X86_64_INVLPGB =
      X86_64.withName("x86-64-invlpgb").withFlushMethod(FlushMethod.BROADCAST);

  /** arm64 server with FEAT_TLBIRANGE and BBML2 without aborts: a block-mapped linear map. */
  public static final ArchPolicy ARM64 =
      new ArchPolicy(
          "arm64",
          FlushMethod.BROADCAST,
          ARM64_DVM_OPS - 1,
          ARM64_RANGE_PAGES,
          AttributeRules.ARM64_LINEAR,
          /* liveSplit= */ true,
          /* contiguousHint= */ true,
          /* protectsLinearAlias= */ true,
          /* globalKernel= */ true,
          /* countsLeaves= */ false);

  /** arm64 that may not split live blocks: with rodata=full the linear map is mapped by pages. */
  public static final ArchPolicy ARM64_PTE_MAPPED =
      ARM64.withName("arm64-pte-mapped").withLiveSplit(false);

  /** arm64 with rodata=on: block-mapped, and the linear map cannot be changed at all. */
  public static final ArchPolicy ARM64_FIXED =
      ARM64_PTE_MAPPED.withName("arm64-fixed").withProtectsLinearAlias(false);

  /** riscv: remote fences by interrupt or firmware, 64 pages one by one. */
  public static final ArchPolicy RISCV64 =
      new ArchPolicy(
          "riscv64",
          FlushMethod.INTERRUPT,
          /* singleFlushPages= */ 64,
          /* rangeFlushPages= */ 0,
          AttributeRules.RISCV_SPLIT_ALL,
          /* liveSplit= */ true,
          /* contiguousHint= */ false,
          /* protectsLinearAlias= */ true,
          /* globalKernel= */ true,
          /* countsLeaves= */ false);

  /** Every preset, in the order in which they are listed to users. */
  public static List<ArchPolicy> all() {
    return List.of(X86_64, X86_64_INVLPGB, ARM64, ARM64_PTE_MAPPED, ARM64_FIXED, RISCV64);
  }

  public ArchPolicy {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name: empty");
    }
    if (singleFlushPages < 1) {
      throw new IllegalArgumentException("singleFlushPages: " + singleFlushPages + ", at least 1");
    }
    if (rangeFlushPages < 0) {
      throw new IllegalArgumentException("rangeFlushPages: " + rangeFlushPages + ", at least 0");
    }
  }

  /** The preset of that name. */
  public static ArchPolicy named(String name) {
    for (ArchPolicy policy : all()) {
      if (policy.name.equals(name)) {
        return policy;
      }
    }
    throw new IllegalArgumentException(
        "no architecture policy "
            + name
            + "; known: "
            + all().stream().map(ArchPolicy::name).toList());
  }

  /** The usual policy of the architecture that a page-table format belongs to. */
  public static ArchPolicy forFormat(String format) {
    if (format.startsWith("x86")) {
      return X86_64;
    }
    if (format.startsWith("aarch64")) {
      return ARM64;
    }
    if (format.startsWith("riscv")) {
      return RISCV64;
    }
    throw new IllegalArgumentException("no kernel policy for page-table format " + format);
  }

  /** Whether {@link #forFormat} knows the format. */
  public static boolean isSupported(String format) {
    return format.startsWith("x86") || format.startsWith("aarch64") || format.startsWith("riscv");
  }

  /**
   * Whether the direct map may be changed after boot. Models {@code can_set_direct_map()}: always
   * on x86 and riscv; on arm64 only when protections reach the linear alias.
   */
  public boolean canSetDirectMap() {
    return attributeRules != AttributeRules.ARM64_LINEAR || protectsLinearAlias;
  }

  /** Whether the direct map must be mapped by base pages. Models arm64's force_pte_mapping. */
  public boolean forcesBasePages() {
    return attributeRules == AttributeRules.ARM64_LINEAR && protectsLinearAlias && !liveSplit;
  }

  public ArchPolicy withName(String other) {
    return copy(other, flushMethod, liveSplit, protectsLinearAlias);
  }

  public ArchPolicy withFlushMethod(FlushMethod other) {
    return copy(name, other, liveSplit, protectsLinearAlias);
  }

  public ArchPolicy withLiveSplit(boolean other) {
    return copy(name, flushMethod, other, protectsLinearAlias);
  }

  public ArchPolicy withProtectsLinearAlias(boolean other) {
    return copy(name, flushMethod, liveSplit, other);
  }

  /** The same policy with another limit for page-by-page invalidation. */
  public ArchPolicy withSingleFlushPages(int other) {
    return new ArchPolicy(
        name,
        flushMethod,
        other,
        rangeFlushPages,
        attributeRules,
        liveSplit,
        contiguousHint,
        protectsLinearAlias,
        globalKernel,
        countsLeaves);
  }

  /** The same policy with another limit for range operations; 0 for a CPU without them. */
  public ArchPolicy withRangeFlushPages(long other) {
    return new ArchPolicy(
        name,
        flushMethod,
        singleFlushPages,
        other,
        attributeRules,
        liveSplit,
        contiguousHint,
        protectsLinearAlias,
        globalKernel,
        countsLeaves);
  }

  private ArchPolicy copy(String otherName, FlushMethod flush, boolean split, boolean alias) {
    return new ArchPolicy(
        otherName,
        flush,
        singleFlushPages,
        rangeFlushPages,
        attributeRules,
        split,
        contiguousHint,
        alias,
        globalKernel,
        countsLeaves);
  }
}
