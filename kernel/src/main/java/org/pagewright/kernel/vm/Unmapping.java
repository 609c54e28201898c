package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.gather.ZapLeaves;
import org.pagewright.kernel.mm.Mm;

/** What unmapping does about each page. Models {@code zap_present_ptes()} (mm/memory.c). */
final class Unmapping implements ZapLeaves {
  private final VmServices services;
  private final BatchedFlush batch;
  private final HugePages huge;
  private final PteFormat format;

  Unmapping(VmServices services, BatchedFlush batch, HugePages huge) {
    this.services = services;
    this.batch = batch;
    this.huge = huge;
    this.format = services.format();
  }

  @Override
  public void tableLocked(Cpu cpu, Mm mm) {
    batch.flushPending(cpu, AddressSpace.of(mm));
  }

  @Override
  public int removed(Cpu cpu, Mm mm, long va, long entry, int level) {
    if (services.entries().isMigration(entry, level)) {
      return NOTHING; // it holds no reference; who moves the page finds nothing to restore
    }
    long pfn = services.pfn(entry, level);
    Frames frames = services.frames();
    if (!frames.isCounted(pfn)) {
      return NOTHING;
    }
    PageUsers users = frames.users(pfn);
    boolean isOfFile = users != null && users.file() != null;
    boolean isDirty = format.isPresent(entry, level) && services.entries().isDirty(entry, level);
    frames.unmap(pfn);
    return isOfFile && isDirty ? GATHER | FLUSH_FIRST : GATHER;
  }

  @Override
  public boolean split(Cpu cpu, Mm mm, long va, int level) {
    return huge.split(cpu, mm, va);
  }
}
