package org.pagewright.kernel.directmap;

import java.util.Locale;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * The kernel's mapping of all RAM: looking frames up, and changing the attributes of their
 * mappings.
 *
 * <p>Models {@code set_direct_map_*}, {@code set_memory_*} and {@code kernel_page_present()} of
 * x86, arm64 and riscv (Linux 6.12, 7.0 and 7.3). All functions return 0 or a negative {@link
 * org.pagewright.kernel.arch.Errno}; those that change something may sleep.
 */
@SuppressWarnings("EnumOrdinal") // an event says which verb by its number
public final class DirectMap implements DirectMapView {
  private final KernelMapping mapping;
  private final PageTables tables;
  private final PteFormat format;
  private final KernelLayout layout;
  private final DirectMapConfig config;
  private final KernelImage image;
  private final AttributeChanger changer;
  private final LinearMapSplits linearSplits;
  private final int pageShift;
  private long keyChanges;

  /**
   * Takes over the kernel tables that boot has built.
   *
   * @param splitTables where tables for splits come from
   */
  public DirectMap(
      Machine machine,
      KernelTables kernel,
      TlbShootdown shootdown,
      TableSource splitTables,
      KernelImage image,
      DirectMapConfig config) {
    this.mapping = new KernelMapping(kernel, shootdown, machine, splitTables);
    this.tables = kernel.tables();
    this.format = tables.format();
    this.layout = kernel.layout();
    this.config = config;
    this.image = image;
    this.pageShift = format.pageShift();
    this.linearSplits = new LinearMapSplits(mapping, config);
    this.changer =
        switch (kernel.policy().attributeRules()) {
          case X86_CPA -> new ChangePageAttributes(mapping, image, config);
          case ARM64_LINEAR -> new LinearMapAttributes(mapping, linearSplits);
          case RISCV_SPLIT_ALL -> new SplitAllAttributes(mapping);
        };
  }

  @Override
  public KernelLayout layout() {
    return layout;
  }

  public ArchPolicy policy() {
    return mapping.policy();
  }

  /** How entries look. */
  public PteFormat format() {
    return format;
  }

  public DirectMapConfig config() {
    return config;
  }

  @Override
  public long rootPa() {
    return mapping.rootPa();
  }

  /** Address of the first byte of a frame. Models {@code page_address()} without high memory. */
  public long va(long pfn) {
    return layout.directVa(pfn << pageShift);
  }

  /** Whether the map can be changed at all. Models {@code can_set_direct_map()}. */
  public boolean canSet() {
    return mapping.policy().canSetDirectMap();
  }

  /** Puts another source of tables for splits in place and returns the one before. */
  public TableSource replaceSplitTables(TableSource source) {
    TableSource before = mapping.splitTables();
    mapping.replaceSplitTables(source);
    return before;
  }

  /** Puts a promise of tables in front of every split. */
  public void setSplitReserve(SplitReserve reserve) {
    mapping.setSplitReserve(reserve);
  }

  /**
   * Keeps kernel tables from being freed while it is held. Models {@code init_mm.mmap_lock}, which
   * collapsing takes from Linux 7.3 on.
   */
  public RwSemaphore mmapLock() {
    return mapping.mmapLock();
  }

  // ---- frames ----

  /**
   * Whether the frame can be reached through the direct map. Models {@code kernel_page_present()}.
   */
  public boolean isPresent(Cpu cpu, long pfn) {
    long slot = tables.lookup(cpu, mapping.rootPa(), va(pfn));
    long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
    return format.isPresent(entry, EntrySlot.level(slot));
  }

  /** Takes one frame out; the caller flushes. Models {@code set_direct_map_invalid_noflush()}. */
  public int setInvalidNoflush(Cpu cpu, long pfn) {
    return changeDirect(cpu, AttributeChange.DIRECT_INVALID, pfn, 1, /* whole= */ false);
  }

  /** Puts one frame back. Models {@code set_direct_map_default_noflush()}. */
  public int setDefaultNoflush(Cpu cpu, long pfn) {
    return changeDirect(cpu, AttributeChange.DIRECT_DEFAULT, pfn, 1, /* whole= */ false);
  }

  /**
   * Takes many frames out, or puts them back. Models {@code set_direct_map_valid_noflush()}, which
   * on arm64 and riscv flushes in spite of its name.
   */
  public int setValidNoflush(Cpu cpu, long pfn, long pages, boolean valid) {
    AttributeChange what = valid ? AttributeChange.DIRECT_DEFAULT : AttributeChange.DIRECT_INVALID;
    return changeDirect(cpu, what, pfn, pages, /* whole= */ true);
  }

  /**
   * Gives frames another protection key and flushes; may sleep. Models {@code set_memory_pkey()}
   * (kpkeys series, v1 to v7).
   */
  public int setKey(Cpu cpu, long pfn, long pages, int key) {
    requirePages(pages);
    if (!changesKeysInAtomic()) {
      cpu.maySleep();
    }
    keyChanges++;
    return changer.changeKey(cpu, key, va(pfn), pages);
  }

  /**
   * Whether {@link #setKey} never sleeps: on arm64 where the map is mapped by pages. On x86 {@code
   * change_page_attr_set_clr()} purges vmalloc's lazily freed areas under a mutex.
   */
  public boolean changesKeysInAtomic() {
    return changer instanceof LinearMapAttributes && !linearSplits.mayLock();
  }

  /**
   * The same where the kernel image is mapped, for frames that belong to it: changing the key of
   * one mapping leaves the other. Models {@code arch_kpkeys_protect_static_pgtables()}.
   */
  public int setImageKey(Cpu cpu, long pfn, long pages, int key) {
    requirePages(pages);
    long pa = pfn << pageShift;
    if (!image.contains(pa) || !image.contains(pa + (pages << pageShift) - 1)) {
      throw new IllegalArgumentException("frame " + pfn + " does not belong to the kernel image");
    }
    cpu.maySleep();
    keyChanges++;
    return changer.changeKey(cpu, key, layout.imageBase() + pa, pages);
  }

  /** Calls of {@link #setKey} and {@link #setImageKey} so far. */
  public long keyChanges() {
    return keyChanges;
  }

  /** The protection key of a frame's leaf, without charge. */
  public int keyNow(long pfn) {
    long slot = tables.peekLookup(mapping.rootPa(), va(pfn));
    return format.pkey(tables.peek(EntrySlot.pa(slot)), EntrySlot.level(slot));
  }

  private int changeDirect(Cpu cpu, AttributeChange what, long pfn, long pages, boolean whole) {
    requirePages(pages);
    cpu.maySleep();
    long va = va(pfn);
    mapping.record(cpu, KernelEvent.ATTRIBUTES_CHANGE, va, pages, what.ordinal());
    int error = changer.changeDirect(cpu, what, va, pages, whole);
    mapping.record(cpu, KernelEvent.ATTRIBUTES_CHANGED, va, pages, error);
    return error;
  }

  // ---- arm64: boot, and who may not sleep ----

  /**
   * Says how far boot has come; a map is made as if it had ended. Only arm64 asks, before it splits
   * a leaf.
   */
  public void enter(BootPhase phase) {
    linearSplits.enter(phase);
  }

  /**
   * What all CPUs can do is known from here on; if one cannot bear live splits, the whole map is
   * split while the others are stopped. Models {@code linear_map_maybe_split_to_ptes()}.
   *
   * @return 0 or {@code -ENOMEM}
   */
  public int finishBoot(Cpu cpu) {
    return linearSplits.finishBoot(cpu);
  }

  /**
   * Sets frames aside for KFENCE, which came from the page allocator; may sleep. Models {@code
   * arch_kfence_init_pool()} of arm64.
   */
  public int addLatePool(Cpu cpu, long pfn, long pages) {
    requireLinearMap();
    requirePages(pages);
    return linearSplits.addLatePool(cpu, va(pfn), va(pfn + pages));
  }

  /**
   * Takes frames out or puts them back from where sleeping is forbidden, for frames that are mapped
   * by pages. Models {@code __kernel_map_pages()} (DEBUG_PAGEALLOC) and {@code
   * kfence_protect_page()} of arm64.
   */
  public int setValidInAtomic(Cpu cpu, long pfn, long pages, boolean valid) {
    requireLinearMap();
    requirePages(pages);
    AttributeChange what = valid ? AttributeChange.DIRECT_DEFAULT : AttributeChange.DIRECT_INVALID;
    return changer.changeDirect(cpu, what, va(pfn), pages, /* whole= */ true);
  }

  private void requireLinearMap() {
    if (!(changer instanceof LinearMapAttributes)) {
      throw new IllegalArgumentException("modelled on arm64 only, not " + policy().name());
    }
  }

  // ---- addresses ----

  /**
   * Changes attributes of {@code pages} base pages from {@code va} on, which may be any kernel
   * address, and flushes. Models {@code set_memory_*}.
   */
  public int setMemory(Cpu cpu, AttributeChange what, long va, long pages) {
    requireMemoryChange(what);
    requirePages(pages);
    if ((va & (1L << pageShift) - 1) != 0) {
      throw new IllegalArgumentException("0x" + Long.toHexString(va) + " is not page aligned");
    }
    cpu.maySleep();
    mapping.record(cpu, KernelEvent.ATTRIBUTES_CHANGE, va, pages, what.ordinal());
    int error = changer.change(cpu, what, va, pages);
    mapping.record(cpu, KernelEvent.ATTRIBUTES_CHANGED, va, pages, error);
    return error;
  }

  /**
   * Changes attributes of pages that lie anywhere, one call for all. Models the array form of x86's
   * change_page_attr, which never changes a large page in place.
   */
  public int setMemoryScattered(Cpu cpu, AttributeChange what, long[] vas) {
    requireMemoryChange(what);
    requirePages(vas.length);
    cpu.maySleep();
    if (!(changer instanceof ChangePageAttributes x86)) {
      throw new IllegalArgumentException("page arrays exist on x86 only");
    }
    return x86.changeScattered(cpu, what, vas.clone());
  }

  /**
   * Write-protects the kernel image for good: text and read-only data become read-only, everything
   * behind the text not executable. Models {@code mark_rodata_ro()} of x86; nothing elsewhere.
   *
   * <p>The aliases of these frames follow, which is the first thing that splits the direct map.
   */
  public int protectImage(Cpu cpu) {
    if (image.isEmpty() || !(changer instanceof ChangePageAttributes x86)) {
      return 0;
    }
    long textVa = layout.imageBase() + image.textPa();
    long readOnlyPages = (image.rodataEndPa() - image.textPa()) >>> pageShift;
    int error = setMemory(cpu, AttributeChange.READ_ONLY, textVa, readOnlyPages);
    x86.setReadOnly();
    if (error == 0) {
      long dataVa = layout.imageBase() + image.textEndPa();
      long pages = (image.endPa() - image.textEndPa()) >>> pageShift;
      error = setMemory(cpu, AttributeChange.NOT_EXECUTABLE, dataVa, pages);
    }
    return error;
  }

  private static void requireMemoryChange(AttributeChange what) {
    if (what == AttributeChange.DIRECT_INVALID || what == AttributeChange.DIRECT_DEFAULT) {
      throw new IllegalArgumentException(what + " is for frames, not for addresses");
    }
  }

  private static void requirePages(long pages) {
    if (pages < 1) {
      throw new IllegalArgumentException("pages: " + pages + ", at least 1");
    }
  }

  // ---- view ----

  @Override
  public boolean isPresentNow(long pfn) {
    long slot = tables.peekLookup(mapping.rootPa(), va(pfn));
    return format.isPresent(tables.peek(EntrySlot.pa(slot)), EntrySlot.level(slot));
  }

  @Override
  public long entryNow(long pfn) {
    return tables.peek(EntrySlot.pa(tables.peekLookup(mapping.rootPa(), va(pfn))));
  }

  @Override
  public int levelNow(long pfn) {
    return EntrySlot.level(tables.peekLookup(mapping.rootPa(), va(pfn)));
  }

  @Override
  public long leaves(int level) {
    return mapping.leaves(level);
  }

  @Override
  public long splits(int level) {
    return mapping.splits(level);
  }

  @Override
  public long collapses(int level) {
    return mapping.collapses(level);
  }

  @Override
  public int splitDepthMax() {
    return mapping.splitDepthMax();
  }

  /** Splits that failed because no table could be had. */
  public long splitFailures() {
    return mapping.splitFailures();
  }

  /** Tables given back because another CPU had split the leaf meanwhile. */
  public long splitRaces() {
    return mapping.splitRaces();
  }

  /** Mappings that became writable and executable. */
  public long writeAndExecute() {
    return mapping.writeAndExecute();
  }

  /**
   * The lines of /proc/meminfo. Models {@code arch_report_meminfo()} of x86; empty where the
   * architecture has none.
   */
  public String meminfo() {
    if (!mapping.policy().countsLeaves()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    line(text, "DirectMap4k:", leaves(1) * 4);
    line(text, "DirectMap2M:", leaves(2) * 2048);
    if (config.largestLeafLevel() >= 3) {
      line(text, "DirectMap1G:", leaves(3) << 20);
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String name, long kib) {
    text.append(String.format(Locale.ROOT, "%s    %8d kB\n", name, kib));
  }
}
