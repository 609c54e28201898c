package org.pagewright.hardware.paging;

/** The processor families whose entry formats are modelled. */
public enum Architecture {
  X86("x86_64"),
  ARM64("aarch64"),
  RISCV("riscv64"),
  S390("s390x"),
  POWER("powerpc64"),
  LOONGARCH("loongarch64"),
  SPARC("sparc64");

  private final String label;

  Architecture(String label) {
    this.label = label;
  }

  /** The name in manifests and on the command line. */
  public String label() {
    return label;
  }
}
