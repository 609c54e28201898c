package org.pagewright.hardware.paging;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * The registers of one CPU that decide how it translates addresses and checks accesses.
 *
 * <p>Changing a register here has no effect on any TLB; that is the CPU's business.
 */
public final class PagingRegisters {
  /** In {@link #tables}: no walk starts here. */
  static final long NO_TABLE = -1;

  private static final int KEYS = 16;
  private static final int KEY_BITS = 4;

  private final PteFormat format;
  private long controls;
  private long root;
  private long root1;
  private int asid;
  private int inputBits;
  private int inputBits1;
  private int pkru;
  private int pkrs;
  private long porUser;
  private long porKernel;
  private long pirKernel;
  private long pirUser;

  /** Top table for each value of the address bits that select a root. */
  final long[] tables;

  /** Regime for each value of the address bits that select a root. */
  final Regime[] regimes;

  /** The first of {@link #tables} and {@link #regimes}, within quick reach. */
  long firstTable;

  Regime firstRegime;
  final int selectShift;
  final int selectMask;

  // Derived for Walker.check.

  /** Rights that count as granted whatever the tables say. */
  int alwaysGranted;

  /** Kernel rights that do not count on user pages. */
  int deniedOnUserPages;

  /** Execute rights that grant reading too. */
  int executeReads;

  /** {@link Rights#ACCESSED} where software must have set it. */
  int neededAlways;

  /** {@link Rights#DIRTY} where a write needs it set by software. */
  int neededByWrites;

  /** Flags that hardware sets on a successful access. */
  int hardwareUpdates;

  /** True when any protection key or overlay can deny something. */
  boolean hasKeys;

  /** True when keys count only on pages with an overlay right (arm64). */
  boolean areKeysOverlays;

  /**
   * Denied kinds of {@link Access}, 4 bits per key. Index: {@link Rights#USER_PAGE} as 2, {@link
   * Access#USER} as 1.
   */
  final long[] deniedByKey = new long[4];

  /** Registers as a 64-bit Linux sets them after boot, with root 0. */
  public PagingRegisters(PteFormat format) {
    this.format = format;
    this.selectShift = format.roots().shift;
    this.selectMask = format.roots().mask;
    this.tables = new long[selectMask + 1];
    this.regimes = new Regime[selectMask + 1];
    this.inputBits = format.usualAddressBits();
    this.inputBits1 = inputBits;
    for (Control control :
        new Control[] {
          Control.WP, Control.NXE, Control.PGE, Control.HA, Control.HD, Control.ADUE
        }) {
      controls |= control.architecture == format.architecture() ? control.bit : 0;
    }
    if (format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      Arrays.fill(tables, NO_TABLE);
      firstTable = NO_TABLE;
    }
    firstRegime = Regime.of(format, settings(/* which= */ 0));
    refreshRegimes();
    refreshChecks();
  }

  public PteFormat format() {
    return format;
  }

  // ---- roots ----

  /** CR3, TTBR0, PGDL, or the address of the top table. */
  public long root() {
    return root;
  }

  /**
   * Sets the root register. PAE loads four entries with it: {@link Walker#loadRoot} does.
   *
   * @param root an address; bits that the architecture uses otherwise (PCID, ASID) are ignored
   */
  public void setRoot(long root) {
    if (format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      throw new IllegalArgumentException("PAE loads PDPTEs with CR3: use Walker.loadRoot");
    }
    this.root = root;
    refreshTables();
  }

  /** TTBR1, PGDH, or the kernel quadrant's table; 0 where the format has one root. */
  public long root1() {
    return root1;
  }

  /** Sets the second root register; bits that the architecture uses otherwise are ignored. */
  public void setRoot1(long root1) {
    if (!format.roots().hasSecond()) {
      throw new IllegalArgumentException(format + " has one root");
    }
    this.root1 = root1;
    refreshTables();
  }

  /** The root and the four registers behind it; an absent PDPTE is {@link #NO_TABLE}. */
  void setPdptes(long root, long[] pdpteTables) {
    this.root = root;
    System.arraycopy(pdpteTables, 0, tables, 0, tables.length);
    firstTable = tables[0];
  }

  /** The current address-space number (PCID, ASID). */
  public int asid() {
    return asid;
  }

  public void setAsid(int asid) {
    this.asid = asid;
  }

  /** Width of the range that the first root translates. */
  public int inputBits() {
    return inputBits;
  }

  /** Width of the range that the second root translates. */
  public int inputBits1() {
    return inputBits1;
  }

  /** Sets arm64's TCR.T0SZ and T1SZ, 16 to 39. */
  public void setInputSizes(int t0sz, int t1sz) {
    requireInputBits(Architecture.ARM64, 64 - t0sz);
    requireInputBits(Architecture.ARM64, 64 - t1sz);
    inputBits = 64 - t0sz;
    inputBits1 = 64 - t1sz;
    refreshRegimes();
  }

  /** Sets the designation type of s390's address space: 31, 42, 53 or 64 bits. */
  public void setAddressBits(int bits) {
    requireInputBits(Architecture.S390, bits);
    inputBits = bits;
    refreshRegimes();
  }

  private void requireInputBits(Architecture architecture, int bits) {
    if (format.architecture() != architecture) {
      throw new IllegalArgumentException(format + " has a fixed address size");
    }
    if (bits < 25 || bits > format.vaBits()) {
      throw new IllegalArgumentException(
          format + " cannot translate " + bits + " bits; expected 25 to " + format.vaBits());
    }
  }

  // ---- control bits ----

  public boolean has(Control control) {
    return (controls & control.bit) != 0;
  }

  /** All control bits that are set. */
  public Set<Control> controls() {
    EnumSet<Control> set = EnumSet.noneOf(Control.class);
    for (Control control : Control.values()) {
      if (has(control)) {
        set.add(control);
      }
    }
    return set;
  }

  /** Sets or clears a control bit of the format's architecture. */
  public void set(Control control, boolean value) {
    if (control.architecture != format.architecture()) {
      throw new IllegalArgumentException(format + " has no " + control);
    }
    if (has(control) != value) {
      controls ^= control.bit;
      switch (control.scope) {
        case CHECK -> refreshChecks();
        case REGIME -> {
          refreshRegimes();
          refreshChecks();
        }
        case TLB -> {}
      }
    }
  }

  // ---- protection keys and overlays ----

  /** x86 PKRU: per key, bit 0 denies access and bit 1 denies writes, on user pages. */
  public int pkru() {
    return pkru;
  }

  public void setPkru(int pkru) {
    this.pkru = pkru;
    refreshKeys();
  }

  /** x86 IA32_PKRS: as PKRU, on supervisor pages. */
  public int pkrs() {
    return pkrs;
  }

  public void setPkrs(int pkrs) {
    this.pkrs = pkrs;
    refreshKeys();
  }

  /** arm64 POR_EL0: per overlay index, 4 bits of R=1, X=2, W=4, for user accesses. */
  public long porUser() {
    return porUser;
  }

  public void setPorUser(long porUser) {
    this.porUser = porUser;
    refreshKeys();
  }

  /** arm64 POR_EL1: as POR_EL0, for kernel accesses. */
  public long porKernel() {
    return porKernel;
  }

  public void setPorKernel(long porKernel) {
    this.porKernel = porKernel;
    refreshKeys();
  }

  /** arm64 PIR_EL1: kernel permissions by permission index. */
  public long pirKernel() {
    return pirKernel;
  }

  /** arm64 PIRE0_EL1: user permissions by permission index. */
  public long pirUser() {
    return pirUser;
  }

  public void setPir(long pirKernel, long pirUser) {
    this.pirKernel = pirKernel;
    this.pirUser = pirUser;
    refreshRegimes();
  }

  // ---- derived state ----

  /** Which of {@link #tables} and {@link #regimes} translates an address. */
  int select(long va) {
    return (int) (va >>> selectShift) & selectMask;
  }

  private void refreshRegimes() {
    Regime first = Regime.of(format, settings(/* which= */ 0));
    Regime second =
        format.roots().hasSecond() ? Regime.of(format, settings(/* which= */ 1)) : first;
    for (int select = 0; select < regimes.length; select++) {
      regimes[select] = select == 0 || format.roots() == PteFormat.Roots.PDPTES ? first : second;
    }
    firstRegime = first;
    if (!format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      refreshTables();
    }
  }

  private void refreshTables() {
    Arrays.fill(tables, NO_TABLE);
    tables[0] = regimes[0].isDisabled ? NO_TABLE : root & format.rootMask();
    if (format.roots().hasSecond()) {
      tables[selectMask] = regimes[selectMask].isDisabled ? NO_TABLE : root1 & format.rootMask();
    }
    firstTable = tables[0];
  }

  private RegimeSettings settings(int which) {
    boolean isX86 = format.architecture() == Architecture.X86;
    boolean isFirst = which == 0;
    return new RegimeSettings(
        which,
        isFirst ? inputBits : inputBits1,
        /* noExecute= */ !isX86 || has(Control.NXE),
        /* isDisabled= */ has(isFirst ? Control.EPD0 : Control.EPD1),
        /* topByteIgnored= */ has(isFirst ? Control.TBI0 : Control.TBI1),
        /* hierarchyIgnored= */ has(Control.PIE) || has(isFirst ? Control.HPD0 : Control.HPD1),
        /* hardwareDirty= */ has(Control.HD),
        /* executeOnlyIsUser= */ has(Control.EPAN),
        has(Control.PIE),
        /* kernelOverlay= */ has(Control.POE),
        /* userOverlay= */ has(Control.E0POE),
        pirKernel,
        pirUser);
  }

  private void refreshChecks() {
    alwaysGranted = 0;
    deniedOnUserPages = 0;
    executeReads = 0;
    neededAlways = 0;
    neededByWrites = 0;
    hardwareUpdates = 0;
    int data = Rights.KERNEL_READ | Rights.KERNEL_WRITE;
    switch (format.architecture()) {
      case X86 -> {
        alwaysGranted = has(Control.WP) ? 0 : Rights.KERNEL_WRITE;
        deniedOnUserPages =
            (has(Control.SMEP) ? Rights.KERNEL_EXECUTE : 0)
                | (has(Control.SMAP) && !has(Control.AC) ? data : 0);
        hardwareUpdates = Rights.ACCESSED | Rights.DIRTY;
      }
      case ARM64 -> {
        deniedOnUserPages = has(Control.PAN) ? data : 0;
        hardwareUpdates =
            (has(Control.HA) ? Rights.ACCESSED : 0) | (has(Control.HD) ? Rights.DIRTY : 0);
        neededAlways = has(Control.HA) ? 0 : Rights.ACCESSED;
        neededByWrites = has(Control.HD) ? 0 : Rights.DIRTY;
      }
      case RISCV -> {
        deniedOnUserPages = Rights.KERNEL_EXECUTE | (has(Control.SUM) ? 0 : data);
        executeReads = has(Control.MXR) ? Rights.KERNEL_EXECUTE | Rights.USER_EXECUTE : 0;
        hardwareUpdates = has(Control.ADUE) ? Rights.ACCESSED | Rights.DIRTY : 0;
        neededAlways = has(Control.ADUE) ? 0 : Rights.ACCESSED;
        neededByWrites = has(Control.ADUE) ? 0 : Rights.DIRTY;
      }
      case POWER -> hardwareUpdates = Rights.ACCESSED | Rights.DIRTY;
      case LOONGARCH -> neededByWrites = Rights.DIRTY;
      case S390, SPARC -> {}
    }
    refreshKeys();
  }

  private void refreshKeys() {
    Arrays.fill(deniedByKey, 0);
    areKeysOverlays = format.architecture() == Architecture.ARM64;
    if (areKeysOverlays) {
      long kernel = has(Control.POE) ? overlayDenials(porKernel) : 0;
      long user = has(Control.E0POE) ? overlayDenials(porUser) : 0;
      deniedByKey[0] = kernel;
      deniedByKey[1] = user;
      deniedByKey[2] = kernel;
      deniedByKey[3] = user;
    } else {
      int userPage = has(Control.PKE) ? pkru : 0;
      int kernelPage = has(Control.PKS) ? pkrs : 0;
      deniedByKey[0] = keyDenials(kernelPage, has(Control.WP));
      // User accesses to supervisor pages are denied anyway, and not on account of a key.
      deniedByKey[2] = keyDenials(userPage, has(Control.WP));
      deniedByKey[3] = keyDenials(userPage, /* bindsWrites= */ true);
    }
    hasKeys = (deniedByKey[0] | deniedByKey[1] | deniedByKey[2] | deniedByKey[3]) != 0;
  }

  /** AD denies reads and writes, WD denies writes; neither denies fetches. */
  private static long keyDenials(int register, boolean bindsWrites) {
    long denied = 0;
    for (int key = 0; key < KEYS; key++) {
      int bits = register >>> (2 * key);
      long kinds = (bits & 1) != 0 ? Access.READ | Access.WRITE : 0;
      kinds |= (bits & 2) != 0 && bindsWrites ? Access.WRITE : 0;
      denied |= kinds << (KEY_BITS * key);
    }
    return denied;
  }

  private static long overlayDenials(long register) {
    long denied = 0;
    for (int key = 0; key < KEYS; key++) {
      int bits = (int) (register >>> (KEY_BITS * key)) & 15;
      // Values 8 and above are reserved and grant nothing.
      long kinds =
          bits > 7
              ? 0
              : (bits & 1) * Access.READ
                  | (bits >>> 1 & 1) * Access.EXECUTE
                  | (bits >>> 2) * Access.WRITE;
      denied |= (~kinds & 7) << (KEY_BITS * key);
    }
    return denied;
  }
}
