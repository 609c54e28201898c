package org.pagewright.hardware.cpu;

import java.util.Locale;

/**
 * A piece of work with a price: the rows of a {@link CostTable}.
 *
 * <p>A primitive is something that could be timed on real hardware by itself. Its name in files is
 * that of the constant in kebab-case.
 */
public enum Primitive {
  // Entries and translations.
  /** Reads a page-table entry that is in a near cache. */
  ENTRY_READ,
  /** Writes a page-table entry that is in a near cache. */
  ENTRY_WRITE,
  /** Exchanges a page-table entry atomically. */
  ENTRY_EXCHANGE,
  /** Reads one entry in a walk after a TLB miss. */
  TLB_WALK_REFERENCE,
  /** Takes and returns from a page fault, its handling not counted. */
  PAGE_FAULT,

  // Invalidation, x86.
  /** INVLPG. */
  INVLPG,
  /** INVPCID of one address. */
  INVPCID_ADDRESS,
  /** INVPCID of one PCID or of everything. */
  INVPCID_ALL,
  /** MOV CR3. */
  CR3_WRITE,
  /** Two writes of CR4 that clear and set PGE. */
  CR4_TOGGLE_GLOBAL,
  /** INVLPGB, issuing only. */
  INVLPGB,
  /** TLBSYNC. */
  TLBSYNC,

  // Invalidation, arm64 and RISC-V.
  /** TLBI on this CPU only, its barrier included. */
  TLBI_LOCAL,
  /** TLBI of an address for all CPUs, its barrier included. */
  TLBI_BROADCAST,
  /** TLBI of everything for all CPUs, its barrier included. */
  TLBI_ALL_BROADCAST,
  /** A barrier after writes of entries, with no invalidation to wait for. */
  BARRIER,
  /** SFENCE.VMA of one address. */
  SFENCE_ADDRESS,
  /** SFENCE.VMA of everything or of one address space. */
  SFENCE_ALL,

  // Interprocessor interrupts.
  /** The sender's work for one target: queueing and writing the interrupt controller. */
  IPI_SEND,
  /** From the sender's write to the first instruction of the target's handler. */
  IPI_DELIVERY,
  /** The sender sees the answer of one target. */
  IPI_ACKNOWLEDGE,
  /** Return from the interrupt; delays the target, not the sender. */
  INTERRUPT_EXIT,
  /** Leaves polling for work. */
  IDLE_EXIT_POLL,
  /** Leaves idle state C1, or WFI. */
  IDLE_EXIT_C1,
  /** Leaves idle state C1E. */
  IDLE_EXIT_C1E,
  /** Leaves idle state C6, or a core power-down. */
  IDLE_EXIT_C6,

  // Locks, memory, entering and leaving.
  /** Acquires and releases a lock that nobody else wants and whose line is near. */
  LOCK,
  /** The same for the lock of a zone. */
  ZONE_LOCK,
  /** One atomic read-modify-write of a near line. */
  ATOMIC,
  /** Zeroes a page of 4 KiB, streaming. */
  ZERO_PAGE,
  /** Copies a page of 4 KiB, streaming. */
  COPY_PAGE,
  /** Copies one byte of a long run. */
  COPY_BYTE,
  /** System call entry and exit, cheapest. */
  SYSCALL,
  /** Switches tasks, root load not counted. */
  CONTEXT_SWITCH,
  /** A function call with a few predictable branches. */
  CALL,

  // Allocation and the page cache, as wholes where nothing finer is modelled.
  /** Takes one page from the per-CPU lists, refills averaged. */
  PAGE_ALLOC,
  /** Gives one page to the per-CPU lists, drains averaged. */
  PAGE_FREE,
  /** Allocates or frees one object of a slab cache. */
  SLAB,
  /** Inserts a page into a file's page cache: charging, locking, LRU. */
  PAGE_CACHE_INSERT,
  /** Finds a page in the page cache. */
  PAGE_CACHE_LOOKUP,
  /** Removes a page from the page cache. */
  PAGE_CACHE_REMOVE,
  /** What write() does around one page besides copying. */
  WRITE_BEGIN_END,

  // Protection keys.
  /** WRPKRU. */
  WRPKRU,
  /** WRMSR, of IA32_PKRS among others. */
  WRMSR,
  /** Writes POR_EL0 or POR_EL1, its barrier included. */
  WRITE_POR;

  private static final Primitive[] VALUES = values();

  private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');

  /** The name in files: {@code ipi-send}. */
  public String label() {
    return label;
  }

  /** The primitive with that name in files. */
  public static Primitive named(String label) {
    for (Primitive primitive : VALUES) {
      if (primitive.label.equals(label)) {
        return primitive;
      }
    }
    throw new IllegalArgumentException(
        "unknown primitive '" + label + "'; expected one such as " + IPI_SEND.label);
  }

  /** Row of the primitive in a {@link CostTable}. */
  @SuppressWarnings("EnumOrdinal") // rows follow the order of this list
  public int index() {
    return ordinal();
  }

  /** How many there are. */
  public static int count() {
    return VALUES.length;
  }
}
