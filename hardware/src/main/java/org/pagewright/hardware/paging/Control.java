package org.pagewright.hardware.paging;

/**
 * The bits of control registers that change how an address is translated or an access is checked.
 *
 * <p>Bits of one architecture have no effect on another.
 */
public enum Control {
  /** x86 CR0.WP: read-only pages bind the kernel too. */
  WP(Scope.CHECK, Architecture.X86),
  /** x86 CR4.SMEP: the kernel does not execute user pages. */
  SMEP(Scope.CHECK, Architecture.X86),
  /** x86 CR4.SMAP: the kernel does not touch user pages unless {@link #AC}. */
  SMAP(Scope.CHECK, Architecture.X86),
  /** x86 EFLAGS.AC: suspends SMAP. */
  AC(Scope.CHECK, Architecture.X86),
  /** x86 EFER.NXE: bit 63 of an entry means no-execute; reserved otherwise. */
  NXE(Scope.REGIME, Architecture.X86),
  /** x86 CR4.PKE: PKRU applies to user pages. */
  PKE(Scope.CHECK, Architecture.X86),
  /** x86 CR4.PKS: IA32_PKRS applies to supervisor pages. */
  PKS(Scope.CHECK, Architecture.X86),
  /** x86 CR4.PGE: the global bit keeps entries over loads of CR3; the TLB's business. */
  PGE(Scope.TLB, Architecture.X86),
  /** x86 CR4.PCIDE: CR3 holds an address-space number; the TLB's business. */
  PCIDE(Scope.TLB, Architecture.X86),
  /** arm64 PSTATE.PAN: the kernel does not touch pages that user mode can read or write. */
  PAN(Scope.CHECK, Architecture.ARM64),
  /** arm64 SCTLR.EPAN: PAN counts pages that user mode can only execute, too. */
  EPAN(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR2.PIE: permissions come from PIR by an index in the entry. */
  PIE(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR2.POE: POR_EL1 restricts kernel accesses. */
  POE(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR2.E0POE: POR_EL0 restricts user accesses. */
  E0POE(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.HA: hardware sets the access flag. */
  HA(Scope.CHECK, Architecture.ARM64),
  /** arm64 TCR.HD: hardware makes entries with DBM writable on the first write. */
  HD(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.HPD0: tables of TTBR0 restrict nothing. */
  HPD0(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.HPD1: tables of TTBR1 restrict nothing. */
  HPD1(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.EPD0: no walks from TTBR0. */
  EPD0(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.EPD1: no walks from TTBR1. */
  EPD1(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.TBI0: the top byte of low addresses is ignored. */
  TBI0(Scope.REGIME, Architecture.ARM64),
  /** arm64 TCR.TBI1: the top byte of high addresses is ignored. */
  TBI1(Scope.REGIME, Architecture.ARM64),
  /** RISC-V sstatus.SUM: the kernel may touch user pages. */
  SUM(Scope.CHECK, Architecture.RISCV),
  /** RISC-V sstatus.MXR: executable pages are readable. */
  MXR(Scope.CHECK, Architecture.RISCV),
  /** RISC-V menvcfg.ADUE (Svadu): hardware sets A and D; page faults otherwise (Svade). */
  ADUE(Scope.CHECK, Architecture.RISCV);

  /** What has to be derived again when the bit changes. */
  enum Scope {
    CHECK,
    REGIME,
    TLB
  }

  final Scope scope;
  final Architecture architecture;
  final long bit;

  @SuppressWarnings("EnumOrdinal") // a position in a word, never stored
  Control(Scope scope, Architecture architecture) {
    this.scope = scope;
    this.architecture = architecture;
    this.bit = 1L << ordinal();
  }

  /** The processor family that has the bit. */
  public Architecture architecture() {
    return architecture;
  }
}
