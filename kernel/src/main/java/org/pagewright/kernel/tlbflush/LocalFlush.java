package org.pagewright.kernel.tlbflush;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Mmu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.Tlbi;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;

/**
 * The instructions behind each kind of flush, by architecture.
 *
 * <p>Models {@code __flush_tlb_all()}, {@code flush_tlb_one_kernel()}, {@code
 * native_flush_tlb_local()} and {@code load_new_mm_cr3()} of x86, the TLBI sequences of arm64, and
 * {@code local_flush_tlb_*} of riscv (Linux 7.0).
 */
final class LocalFlush {
  /** {@code TLB_NR_DYN_ASIDS} kernel numbers; the user half of each has this bit too. */
  private static final int USER_PCID = 1 << 11;

  private static final int INVPCID_ADDRESS = 0;
  private static final int INVPCID_ALL = 2;

  /** Pages that one INVLPGB may cover: CPUID Fn8000_0008 EDX, 8 on Zen 3 and later. */
  private static final int INVLPGB_PAGES = 8;

  private static final int ASIDS = 1 << 16;

  private final FlushConfig config;
  private final FlushCounters counters;
  private final long pageBytes;
  private int nextAsid = 1;

  LocalFlush(PteFormat format, FlushConfig config, FlushCounters counters) {
    this.config = config;
    this.counters = counters;
    this.pageBytes = format.pageBytes();
  }

  /** Drops everything, global entries included. */
  void all(Cpu cpu) {
    counters.add(cpu.id(), Counter.FULL_INVALIDATIONS, 1);
    if (config.isX86()) {
      if (config.addressSpaceNumbers()) {
        cpu.invalidatePcid(INVPCID_ALL, /* pcid= */ 0, /* va= */ 0);
      } else {
        cpu.toggleGlobalPages();
      }
    } else if (config.isArm64()) {
      cpu.mmu().dsb();
      cpu.tlbi(Tlbi.VMALLE1, 0, 0);
      cpu.mmu().dsb();
      cpu.charge(Primitive.BARRIER);
    } else {
      cpu.sfence(Mmu.ANY, Mmu.ANY);
    }
  }

  /** Drops one page of the kernel. */
  void kernelPage(Cpu cpu, CpuTlbState state, long va) {
    counters.add(cpu.id(), Counter.PAGES_INVALIDATED, 1);
    if (config.isX86()) {
      userPage(cpu, state, va);
      if (config.isolation()) {
        state.invalidateOthersLater();
      }
    } else {
      cpu.sfence(va, Mmu.ANY);
    }
  }

  /** Drops what is not global of the loaded address space. */
  void mm(Cpu cpu, CpuTlbState state) {
    counters.add(cpu.id(), Counter.FULL_INVALIDATIONS, 1);
    if (config.isX86()) {
      if (config.isolation()) {
        state.flushUserLater(state.slot());
      }
      loadRoot(cpu, state.loaded().rootPa(), state.slot(), /* keep= */ false);
    } else if (config.isArm64()) {
      cpu.mmu().dsb();
      cpu.tlbi(Tlbi.ASIDE1, 0, asid(state.loaded()));
      cpu.mmu().dsb();
    } else {
      cpu.sfence(Mmu.ANY, asid(state.loaded()));
    }
  }

  /** Drops pages of the loaded address space one by one. */
  void mmRange(Cpu cpu, CpuTlbState state, FlushOrder order) {
    long stride = 1L << order.strideShift();
    for (long va = order.from(); va < order.to(); va += stride) {
      counters.add(cpu.id(), Counter.PAGES_INVALIDATED, 1);
      if (config.isX86()) {
        userPage(cpu, state, va);
      } else {
        cpu.sfence(va, asid(state.loaded()));
      }
    }
  }

  /** Drops what an order says by the number of its address space, loaded or not (riscv). */
  void numberRange(Cpu cpu, FlushOrder order) {
    int asid = asid(order.mm());
    if (order.all()) {
      counters.add(cpu.id(), Counter.FULL_INVALIDATIONS, 1);
      cpu.sfence(Mmu.ANY, asid);
      return;
    }
    long stride = 1L << order.strideShift();
    for (long va = order.from(); va < order.to(); va += stride) {
      counters.add(cpu.id(), Counter.PAGES_INVALIDATED, 1);
      cpu.sfence(va, asid);
    }
  }

  /** INVLPG, and the same for the user half, which has a number of its own. */
  private void userPage(Cpu cpu, CpuTlbState state, long va) {
    cpu.invalidatePage(va);
    if (config.isolation() && config.addressSpaceNumbers()) {
      cpu.invalidatePcid(INVPCID_ADDRESS, pcid(state.slot()) | USER_PCID, va);
    }
  }

  /** Loads the first address space of a CPU. */
  void start(Cpu cpu, CpuTlbState state) {
    MmTlb mm = state.loaded();
    if (config.isX86()) {
      loadRoot(cpu, mm.rootPa(), state.slot(), /* keep= */ false);
    } else {
      boolean loaded = cpu.mmu().switchRoot(mm.rootPa(), asid(mm));
      assert loaded : mm;
    }
  }

  /**
   * Loads the tables of another address space; what the CPU says it has loaded follows last.
   *
   * @return whether its translations were dropped on the way
   */
  boolean switchTo(Cpu cpu, CpuTlbState state, MmTlb next, long generation) {
    if (!config.isX86()) {
      state.assign(0, next, generation);
      boolean loaded = cpu.mmu().switchRoot(next.rootPa(), asid(next));
      assert loaded : next;
      finishSwitch(cpu, state, next, 0);
      return false;
    }
    if (state.mustInvalidateOthers()) {
      state.forgetOthers();
    }
    int slot = config.addressSpaceNumbers() ? state.slotOf(next.contextId()) : 0;
    boolean flushes =
        !config.addressSpaceNumbers() || slot < 0 || state.generationOf(slot) < generation;
    if (slot < 0) {
      slot = state.claimSlot();
    }
    state.assign(slot, next, generation);
    if (flushes && config.isolation()) {
      state.flushUserLater(slot);
    }
    loadRoot(cpu, next.rootPa(), slot, /* keep= */ !flushes);
    finishSwitch(cpu, state, next, slot);
    return flushes;
  }

  private static void finishSwitch(Cpu cpu, CpuTlbState state, MmTlb next, int slot) {
    cpu.step(Step.STORE, CpuTlbState.stepAddress(cpu.id()));
    state.finishSwitch(next, slot);
  }

  /** Goes on with the user half of the loaded address space, as the exit to user mode does. */
  void enterUser(Cpu cpu, CpuTlbState state) {
    boolean flushes = state.takeUserFlush(state.slot());
    int pcid = config.addressSpaceNumbers() ? pcid(state.slot()) | USER_PCID : 0;
    boolean keeps = config.addressSpaceNumbers() && !flushes;
    boolean loaded = cpu.loadRoot(state.loaded().userRootPa() | pcid, keeps);
    assert loaded : state.loaded();
  }

  /** Goes back to the kernel half. */
  void enterKernel(Cpu cpu, CpuTlbState state) {
    loadRoot(cpu, state.loaded().rootPa(), state.slot(), config.addressSpaceNumbers());
  }

  private void loadRoot(Cpu cpu, long rootPa, int slot, boolean keep) {
    boolean loaded = cpu.loadRoot(rootPa | (config.addressSpaceNumbers() ? pcid(slot) : 0), keep);
    assert loaded : Long.toHexString(rootPa);
  }

  /** PCID 0 stays unused. */
  private static int pcid(int slot) {
    return slot + 1;
  }

  /** The number of an address space where it keeps one for life. */
  private int asid(MmTlb mm) {
    if (!config.addressSpaceNumbers()) {
      return 0;
    }
    if (mm.asid() == 0) {
      mm.setAsid(nextAsid);
      nextAsid++;
      assert nextAsid < ASIDS : "address-space numbers never roll over here";
    }
    return mm.asid();
  }

  // ---- broadcast ----

  /** Drops addresses of the kernel on all CPUs at once. */
  void broadcastKernel(Cpu cpu, long from, long pages, boolean all) {
    if (config.isX86()) {
      broadcastX86(cpu, from, pages, all);
      return;
    }
    cpu.mmu().dsb();
    if (all) {
      issue(cpu, Tlbi.VMALLE1, 0, 0);
    } else {
      issueRange(cpu, Tlbi.VAALE1, from, pages * pageBytes, pageBytes, 0);
    }
    cpu.mmu().dsb();
    cpu.charge(Primitive.BARRIER);
  }

  /** Drops walks of the kernel through the table of an address on all CPUs at once (arm64). */
  void broadcastKernelTable(Cpu cpu, long va) {
    cpu.mmu().dsb();
    issue(cpu, Tlbi.VAAE1, va, /* asid= */ 0);
    cpu.mmu().dsb();
    cpu.charge(Primitive.BARRIER);
  }

  /** Drops what an order says about an address space on all CPUs at once (arm64). */
  void broadcastMm(Cpu cpu, FlushOrder order) {
    int asid = asid(order.mm());
    cpu.mmu().dsb();
    if (order.all()) {
      issue(cpu, Tlbi.ASIDE1, 0, asid);
    } else {
      int operation = order.freedTables() ? Tlbi.VAE1 : Tlbi.VALE1;
      long bytes = order.to() - order.from();
      issueRange(cpu, operation, order.from(), bytes, 1L << order.strideShift(), asid);
    }
    cpu.mmu().dsb();
  }

  private void issue(Cpu cpu, int operation, long va, int asid) {
    counters.add(cpu.id(), Counter.BROADCASTS, 1);
    cpu.tlbi(operation | Tlbi.INNER_SHAREABLE, va, asid);
  }

  /**
   * One instruction per page, or range operations where the CPU has them. Models {@code
   * __flush_tlb_range_op}: units of 2^(5 * scale + 1) pages, the largest scale first, an odd page
   * by itself.
   */
  private void issueRange(
      Cpu cpu, int operation, long from, long bytes, long strideBytes, int asid) {
    if (config.policy().rangeFlushPages() == 0) {
      for (long at = 0; at < bytes; at += strideBytes) {
        issue(cpu, operation, from + at, asid);
      }
      return;
    }
    long va = from;
    long left = bytes / pageBytes;
    for (int scale = 3; scale >= 0; scale--) {
      long unit = 1L << (5 * scale + 1);
      long units = Math.min(32, left / unit);
      if (units > 0) {
        counters.add(cpu.id(), Counter.BROADCASTS, 1);
        cpu.mmu().tlbiRange(operation | Tlbi.INNER_SHAREABLE, va, units * unit, asid);
        va += units * unit * pageBytes;
        left -= units * unit;
      }
    }
    if (left > 0) {
      issue(cpu, operation, va, asid);
    }
  }

  /** INVLPGB per few pages, then TLBSYNC waits for all. */
  private void broadcastX86(Cpu cpu, long from, long pages, boolean all) {
    if (all) {
      counters.add(cpu.id(), Counter.BROADCASTS, 1);
      cpu.mmu().broadcastInvalidate(/* va= */ 0, /* pages= */ 1, 0, Mmu.INVLPGB_GLOBAL);
    } else {
      for (long i = 0; i < pages; i += INVLPGB_PAGES) {
        counters.add(cpu.id(), Counter.BROADCASTS, 1);
        long count = Math.min(INVLPGB_PAGES, pages - i);
        int flags = Mmu.INVLPGB_VA | Mmu.INVLPGB_GLOBAL;
        cpu.mmu().broadcastInvalidate(from + i * pageBytes, count, /* pcid= */ 0, flags);
      }
    }
    cpu.mmu().tlbsync();
  }
}
