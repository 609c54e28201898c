package org.pagewright.faulty.ldt;

import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtWarning;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * Whether the LDT's area is mapped is asked after the region was made ready, and of a walk that
 * finds the entries of an empty table too ("x86/mm: Generalize LDT remap into mm-local region" v2,
 * {@code sanity_check_ldt_mapping()}). With PAE that table exists by then.
 *
 * <p>Scenario: a process with an LDT on PAE.
 */
public final class ChecksAfterPreparing extends ModifyLdt {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "ldt-sanity-check-after-prealloc",
          8,
          PlantedBug.Status.CONFIRMED,
          "warnings",
          "whether the LDT is mapped is asked after its tables are made",
          Search.once(isPlanted -> world("x86_64-pae", isPlanted), ChecksAfterPreparing::live));

  private final PageTables tables;

  private ChecksAfterPreparing(KernelMachine kernel, MmLocalRegion region) {
    super(
        kernel.machine(),
        region,
        kernel.tables(),
        kernel.allocator(),
        kernel.shootdown(),
        /* allows16Bit= */ true);
    this.tables = kernel.tables();
  }

  /** A kernel in a mode of x86, with the bug or without it. */
  static LdtWorld world(String format, boolean isPlanted) {
    return isPlanted ? LdtWorld.with(format, ChecksAfterPreparing::new) : LdtWorld.sound(format);
  }

  static void live(LdtWorld world) {
    Cpu cpu = world.kernel().cpu(0);
    if (world.start(cpu) != null) {
      int error = world.write(cpu, 0) + world.write(cpu, 600);
      assert error == 0 : error;
    }
  }

  @Override
  protected @Nullable LdtWarning findContradiction(Cpu cpu, Mm mm, int slot) {
    boolean hadKernel = isFound(cpu, mm.kernelPgdPa());
    boolean hadUser = isFound(cpu, mm.userPgdPa());
    if (table(mm) == null) {
      return hadKernel || hadUser ? LdtWarning.ALREADY_MAPPED : null;
    }
    return hadKernel && hadUser ? null : LdtWarning.NOT_MAPPED;
  }

  private boolean isFound(Cpu cpu, long rootPa) {
    return tables.entryAt(cpu, rootPa, slotVa(0), /* level= */ 1) != EntrySlot.NONE;
  }
}
