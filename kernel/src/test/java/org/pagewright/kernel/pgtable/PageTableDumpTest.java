package org.pagewright.kernel.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.directmap.DirectMap;

/** What a dump of kernel tables tells. */
final class PageTableDumpTest {
  private static final long MIB = 1L << 20;

  private final EarlyKernel kernel = Kernels.early("x86_64-4level", "0-8M");
  private final Cpu cpu = kernel.machine().cpu(0);
  private final DirectMap map = kernel.directMap();
  private final List<String> areas = new ArrayList<>();

  @AfterEach
  void close() {
    kernel.machine().close();
  }

  private void dump(long from, long to) {
    areas.clear();
    new PageTableDump(kernel.tables(), kernel.rootPa(), map.mmapLock())
        .dump(
            cpu,
            from,
            to,
            (start, end, level, bits) ->
                areas.add("%d-%d level %d".formatted(offset(start), offset(end), level)));
  }

  private long offset(long va) {
    return (va - map.layout().directMapBase()) >>> 12;
  }

  @Test
  void dump_ofTheDirectMap_joinsEqualNeighbours() {
    dump(map.va(0), map.va(0) + 8 * MIB);
    assertThat(areas).containsExactly("0-2048 level 2");
    assertThat(map.setInvalidNoflush(cpu, 600)).isZero();
    dump(map.va(0), map.va(0) + 8 * MIB);
    assertThat(areas)
        .containsExactly(
            "0-512 level 2",
            "512-600 level 1",
            "600-601 level 1",
            "601-1024 level 1",
            "1024-2048 level 2");
  }

  @Test
  void dump_ofARange_endsWhereItEnds() {
    assertThat(map.setInvalidNoflush(cpu, 600)).isZero();
    dump(map.va(590), map.va(600));
    assertThat(areas).containsExactly("590-600 level 1");
  }

  @Test
  void dump_ofWhatIsNotMapped_tellsNothing() {
    long vmalloc = map.layout().vmallocBase();
    dump(vmalloc, vmalloc + 64 * MIB);
    assertThat(areas).isEmpty();
    dump(-1L << 30, 0);
    assertThat(areas).isEmpty();
  }
}
