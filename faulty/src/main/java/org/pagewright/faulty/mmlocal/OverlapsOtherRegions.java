package org.pagewright.faulty.mmlocal;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.ldt.LdtWorld;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.RandomLayout;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtKernel;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * With five levels the LDT stands at entry -112 of the top table, in the middle of what boot places
 * at random (arch/x86/include/asm/pgtable_64_types.h before commit d52888aa2753, 2018).
 *
 * <p>Scenario: a process uses its region on a kernel with five levels; its regions are at other
 * places in each of some runs.
 */
public final class OverlapsOtherRegions {
  private static final int RUNS = 20;
  private static final String FORMAT = "x86_64-5level";
  private static final MmLocalLayout OLD =
      new MmLocalLayout(0xff90_0000_0000_0000L, 1L << 48, 2L << 20, 5);

  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "ldt-region-overlaps-on-5-level",
          50,
          PlantedBug.Status.CONFIRMED,
          "kernel-regions",
          "with five levels the LDT stands where boot places other regions",
          OverlapsOtherRegions::search);

  private OverlapsOtherRegions() {}

  private static Hunt search(boolean isPlanted, BooleanSupplier isOver) {
    Hunt hunt = Hunt.straight(List.of());
    for (int seed = 0;
        seed < RUNS && hunt.violations().isEmpty() && !isOver.getAsBoolean();
        seed++) {
      int drawn = seed;
      hunt =
          Search.once(planted -> world(drawn, planted), OverlapsOtherRegions::live)
              .run(isPlanted, isOver);
    }
    return hunt;
  }

  private static LdtWorld world(int seed, boolean isPlanted) {
    KernelConfig fixed = LdtWorld.config(FORMAT);
    long endBytes = fixed.machine().map().endBytes();
    KernelConfig random =
        fixed.withLayout(RandomLayout.of(fixed.layout(), endBytes, new SeededChoices(seed)));
    return new LdtWorld(
        random,
        new LdtKernel.Parts() {
          @Override
          public MmLocalRegion region(KernelMachine kernel) {
            return new MmLocalRegion(
                isPlanted ? OLD : MmLocalLayout.X86_64_5LEVEL,
                MmLocalRegion.Policy.ON_DEMAND,
                kernel.tables(),
                kernel.tablePages(),
                kernel.shootdown(),
                kernel.machine().events());
          }
        });
  }

  private static void live(LdtWorld world) {
    Cpu cpu = world.kernel().cpu(0);
    if (world.start(cpu) != null) {
      int error = world.write(cpu, 0);
      assert error == 0 : error;
    }
  }
}
