package org.pagewright.kernel.sva;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.iommu.Iommu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mm.IsolationWorld;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.TableSource;

/** Devices that walk a process's tables, and kernel tables that wait for them. */
final class SharedVirtualAddressingTest {
  private static final long VA = 0x40_0000;
  private static final int PASID = 3;

  private final IsolationWorld world = IsolationWorld.of(MermapConfig.V2);
  private final Cpu cpu = world.cpu(0);
  private final Mm mm = world.runNewProcess(0);
  private final Iommu iommu = new Iommu(world.machine());
  private final SharedVirtualAddressing sva = new SharedVirtualAddressing();

  @AfterEach
  void close() {
    world.close();
  }

  /** Tables of user space, one for each level, that hand out what they must. */
  private long mapUserPage(long pfn) {
    int top = world.format().topLevel();
    long tablePa = mm.kernelPgdPa();
    for (int level = top; level > 1; level--) {
      long below = world.frame() << 12;
      world
          .tables()
          .writeEntry(cpu, world.format().entryPa(tablePa, VA, level), table(level, below));
      tablePa = below;
    }
    int rights = Rights.USER_READ | Rights.KERNEL_READ | Rights.USER_PAGE | Rights.ACCESSED;
    long entryPa = world.format().entryPa(tablePa, VA, 1);
    world.tables().writeEntry(cpu, entryPa, world.format().leaf(1, pfn << 12, rights));
    return entryPa;
  }

  private long table(int level, long tablePa) {
    return world.format().table(level, tablePa);
  }

  @Test
  void device_seesWhatItCachedUntilItsIommuIsTold() {
    sva.bind(iommu, PASID, mm);
    long entryPa = mapUserPage(77);
    long translation = iommu.translate(PASID, VA, Access.READ);
    assertThat(Translation.pa(translation, VA)).isEqualTo(77 << 12);
    world.tables().writeEntry(cpu, entryPa, 0);
    world.shootdown().flushMm(cpu, mm.tlb());
    assertThat(iommu.translate(PASID, VA, Access.READ)).isEqualTo(translation);
    sva.invalidateKernelRange(cpu);
    assertThat(iommu.translate(PASID, VA, Access.READ)).isNegative();
  }

  @Test
  void device_thatIsRefused_leavesTablesInTheCaches() {
    sva.bind(iommu, PASID, mm);
    assertThat(iommu.translate(PASID, world.directMap().va(5), Access.READ)).isNegative();
    List<Long> tables = new ArrayList<>();
    world
        .machine()
        .otherTlbs()
        .getFirst()
        .forEachStructure((level, va, shift, asid, pa) -> tables.add(pa));
    assertThat(tables).isNotEmpty();
    sva.unbind(iommu, PASID);
    assertThat(sva.isPresent()).isFalse();
    tables.clear();
    world
        .machine()
        .otherTlbs()
        .getFirst()
        .forEachStructure((level, va, shift, asid, pa) -> tables.add(pa));
    assertThat(tables).isEmpty();
  }

  @Test
  void pasid_boundTwiceOrNotAtAll_isACallersMistake() {
    sva.bind(iommu, PASID, mm);
    assertThatThrownBy(() -> sva.bind(iommu, PASID, mm)).hasMessageContaining("is bound");
    assertThatThrownBy(() -> iommu.translate(4, VA, Access.READ)).hasMessageContaining("not bound");
    assertThatThrownBy(() -> iommu.unbind(4)).hasMessageContaining("not bound");
  }

  @Test
  void queue_givesTablesBackOnlyWhenEveryWalkerWasTold() {
    sva.bind(iommu, PASID, mm);
    List<Long> freed = new ArrayList<>();
    TableSource home =
        new TableSource() {
          @Override
          public long allocate(Cpu asking, int level) {
            return 4096L * level;
          }

          @Override
          public void free(Cpu asking, long tablePa, int level) {
            freed.add(EntrySlot.of(tablePa, level));
          }
        };
    KernelTableQueue queue = new KernelTableQueue(home, sva);
    assertThat(queue.allocate(cpu, 2)).isEqualTo(8192);
    assertThat(iommu.translate(PASID, world.directMap().va(5), Access.READ)).isNegative();
    queue.free(cpu, 8192, 2);
    queue.free(cpu, 4096, 1);
    assertThat(freed).isEmpty();
    assertThat(queue.waiting()).isEqualTo(2);
    queue.work(cpu);
    assertThat(freed).containsExactly(EntrySlot.of(8192, 2), EntrySlot.of(4096, 1));
    assertThat(queue.waiting()).isZero();
    assertThat(iommu.translate(PASID, world.directMap().va(5), Access.READ)).isNegative();
  }
}
