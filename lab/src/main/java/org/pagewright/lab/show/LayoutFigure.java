package org.pagewright.lab.show;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.mm.UserRange;
import org.pagewright.kernel.mmlocal.MmLocalLayout;

/** The regions of an address space by address, as Documentation/arch/x86/x86_64/mm.rst does it. */
public final class LayoutFigure {
  private LayoutFigure() {}

  /** A region from its first to its last address. */
  private record Region(long base, long last, String what) {}

  /**
   * The regions that Linux uses with {@code format}.
   *
   * @throws IllegalArgumentException if the model has no kernel for the format
   */
  public static String of(PteFormat format) {
    KernelLayout layout = KernelLayout.forFormat(format.name());
    List<Region> regions = new ArrayList<>();
    regions.add(region(0, UserRange.end(format) + format.pageBytes(), "user space"));
    regions.add(region(layout.directMapBase(), layout.directMapBytes(), "direct map"));
    regions.add(region(layout.vmallocBase(), layout.vmallocBytes(), "vmalloc space and modules"));
    if (layout.vmemmapBytes() != 0) {
      regions.add(region(layout.vmemmapBase(), layout.vmemmapBytes(), "descriptors of frames"));
    }
    if (!layout.inDirectMap(layout.imageBase())) {
      regions.add(new Region(layout.imageBase(), -1, "kernel image"));
    }
    if (MmLocalLayout.isSupported(format)) {
      MmLocalLayout local = MmLocalLayout.of(format);
      regions.add(region(local.base(), local.ldtBytes(), "mm-local region: LDT"));
      if (local.mermapBytes() != 0) {
        regions.add(region(local.mermapBase(), local.mermapBytes(), "mm-local region: mermap"));
      }
    }
    regions.sort(Comparator.comparing(Region::base, Long::compareUnsigned));
    StringBuilder out = new StringBuilder();
    out.append(format.name()).append(", without randomisation\n");
    out.append("first address     last address             size  what\n");
    for (Region region : regions) {
      out.append(
          String.format(
              Locale.ROOT,
              "%016x  %016x  %10s  %s%n",
              region.base(),
              region.last(),
              ByteText.of(region.last() - region.base() + 1),
              region.what()));
    }
    return out.toString();
  }

  private static Region region(long base, long bytes, String what) {
    return new Region(base, base + bytes - 1, what);
  }
}
