package org.pagewright.kernel.kpkeys;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.BootStages;
import org.pagewright.kernel.boot.EarlyMemory;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.pgtable.EntryGate;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tablelife.ConstructingTables;
import org.pagewright.kernel.tablelife.ConstructorHook;
import org.pagewright.kernel.tablelife.TableOwner;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * A kernel that boots with its tables under a protection key.
 *
 * <p>Models {@code kpkeys_hardened_pgtables_init()}, its late half and {@code
 * arch_kpkeys_protect_static_pgtables()} (v5 to v7): tables that boot makes are remembered, the
 * feature is switched on, what was remembered is protected, and from then on every table comes from
 * a supply of protected pages and every writer of entries raises the level.
 */
public final class HardenedTables implements EntryGate, KeysView {
  /** What one {@link Primitive#ZERO_PAGE} clears. */
  private static final int ZEROED_BYTES = 4096;

  /** Makes the supply of protected pages; a planted bug makes another one. */
  @FunctionalInterface
  public interface PagesMaker {
    ProtectedPages make(KpkeysConfig config, PageAllocator allocator, DirectMap map);
  }

  private final KernelMachine kernel;
  private final KpkeysConfig config;
  private final Kpkeys keys;
  private final ProtectedPages pages;
  private final PhysicalMemory memory;
  private final DirectMap map;
  private final PteFormat format;
  private final EarlyPages early;
  private final TableSource tables;
  private boolean isOn;
  private long deniedWrites;
  private final long earlyKeyChanges;

  /** Boots a hardened kernel on a new machine. */
  public static HardenedTables boot(KernelConfig kernel, KpkeysConfig config, Choices choices) {
    return boot(kernel, config, choices, HardenedTables::supply);
  }

  /** The same with another supply of protected pages. */
  public static HardenedTables boot(
      KernelConfig kernel, KpkeysConfig config, Choices choices, PagesMaker maker) {
    return boot(kernel, config, choices, maker, TableRules.ALL);
  }

  /** The same with tables that are constructed by other rules. */
  public static HardenedTables boot(
      KernelConfig kernel,
      KpkeysConfig config,
      Choices choices,
      PagesMaker maker,
      TableRules rules) {
    Boot boot = new Boot(config, maker, kernel);
    KernelMachine booted = KernelMachine.boot(kernel, choices, boot, rules);
    HardenedTables hardened = boot.hardened;
    if (hardened == null) {
      booted.close();
      throw new IllegalStateException("boot did not get as far as the page allocator");
    }
    return hardened;
  }

  private HardenedTables(
      KernelMachine kernel, KpkeysConfig config, PagesMaker maker, EarlyPages early, Cpu cpu) {
    this.kernel = kernel;
    this.config = config;
    this.early = early;
    this.memory = kernel.machine().memory();
    this.map = kernel.directMap();
    this.format = kernel.machine().format();
    this.pages = maker.make(config, kernel.allocator(), map);
    boolean isHook = pages instanceof ConstructorHook;
    this.tables = isHook ? kernel.tablePages() : constructing(new Source(/* isForSplit= */ false));
    if (!isHook) {
      map.replaceSplitTables(constructing(new Source(/* isForSplit= */ true)));
      map.setSplitReserve(pages);
    }
    pages.start(cpu);
    this.keys = new Kpkeys(kernel.machine(), config.batches());
    kernel.tables().setGate(this);
    if (pages instanceof ConstructorHook hook) {
      kernel.constructors().add(hook);
    } else {
      kernel.tables().protectTables(new Source(/* isForSplit= */ false));
    }
    long before = map.keyChanges();
    pages.startLate(cpu);
    protectEarlyTables(cpu);
    this.earlyKeyChanges = map.keyChanges() - before;
    this.isOn = true;
  }

  private TableSource constructing(TableSource source) {
    return ConstructingTables.all(source, kernel.constructors(), format, TableOwner.INIT_MM);
  }

  /** The supply that a design has. */
  public static ProtectedPages supply(KpkeysConfig config, PageAllocator allocator, DirectMap map) {
    return switch (config.supply()) {
      case CONSTRUCTOR -> ConstructorKeys.of(allocator, map);
      case PAGE -> PageByPage.of(allocator, map);
      case BLOCK ->
          PageByPage.isMappedByPages(map)
              ? PageByPage.of(allocator, map)
              : new BlockAllocator(config, allocator, map);
      case FREETYPE -> new FreetypePool(config, allocator, map);
      case NONE -> throw new IllegalArgumentException("design " + config.name() + " has no keys");
    };
  }

  /** What the feature does while the kernel boots. */
  private static final class Boot implements BootStages {
    private final KpkeysConfig config;
    private final PagesMaker maker;
    private final EarlyPages early;
    private @Nullable HardenedTables hardened;

    Boot(KpkeysConfig config, PagesMaker maker, KernelConfig kernel) {
      this.config = config;
      this.maker = maker;
      int pageShift = kernel.machine().format().pageShift();
      this.early = new EarlyPages(config, pageShift, kernel.image());
    }

    @Override
    public long earlyTable(EarlyMemory memory, long bytes, boolean isTop, long floorPa) {
      return early.take(memory, bytes, isTop, floorPa);
    }

    @Override
    public void memoryReady(KernelMachine kernel) {
      hardened = new HardenedTables(kernel, config, maker, early, kernel.cpu(0));
    }
  }

  // ---- early tables ----

  private void protectEarlyTables(Cpu cpu) {
    BitSet found = (BitSet) early.statics().clone();
    if (config.early() == KpkeysConfig.Early.WALK) {
      findUnprotected(cpu, kernel.rootPa(), format.topLevel(), found);
    } else {
      early.closeChunk();
      for (int range = 0; range < early.ranges(); range++) {
        long from = early.fromFrame(range);
        protect(cpu, from, early.toFrame(range) - from);
      }
      if (early.leftoverFrom() < early.leftoverTo()) {
        kernel.allocator().handOver(early.leftoverFrom(), early.leftoverTo());
      }
    }
    protectImage(cpu);
    boolean eachByItself = config.early() == KpkeysConfig.Early.WALK;
    for (int from = found.nextSetBit(0); from >= 0; ) {
      int to = eachByItself ? from + 1 : found.nextClearBit(from);
      protect(cpu, from, to - from);
      from = found.nextSetBit(to);
    }
  }

  /** Static tables of the kernel image are mapped there too. */
  private void protectImage(Cpu cpu) {
    BitSet statics = early.statics();
    for (int from = statics.nextSetBit(0); from >= 0; ) {
      int to = statics.nextClearBit(from);
      if (kernel.config().image().contains((long) from << format.pageShift())) {
        int error = map.setImageKey(cpu, from, to - from, KeyLevel.KEY_PGTABLES);
        if (error != 0) {
          throw new IllegalArgumentException(
              "tables of the image cannot be protected: " + Errno.name(error));
        }
      }
      from = statics.nextSetBit(to);
    }
  }

  private void protect(Cpu cpu, long pfn, long count) {
    int error = map.setKey(cpu, pfn, count, KeyLevel.KEY_PGTABLES);
    if (error != 0) {
      throw new IllegalArgumentException("early tables cannot be protected: " + Errno.name(error));
    }
  }

  /** Models {@code kernel_pgtables_set_pkey()} (v5 10/18). */
  private void findUnprotected(Cpu cpu, long tablePa, int level, BitSet found) {
    long pfn = tablePa >>> format.pageShift();
    if (map.keyNow(pfn) != KeyLevel.KEY_PGTABLES) {
      found.set(Math.toIntExact(pfn));
    }
    PageTables door = kernel.tables();
    for (long i = 0; level > 1 && i < format.level(level).entries(); i++) {
      long entry = door.readEntry(cpu, tablePa + i * Long.BYTES);
      if (format.isTable(entry, level)) {
        findUnprotected(cpu, format.pa(entry, level), level - 1, found);
      }
    }
  }

  // ---- writers ----

  @Override
  public boolean permits(Cpu cpu, long entryPa) {
    long token = keys.set(cpu, KeyLevel.PGTABLES);
    boolean permits = canWrite(cpu, entryPa);
    keys.restore(cpu, token);
    if (!permits) {
      deniedWrites++;
    }
    return permits;
  }

  /** Whether the direct map and the register let {@code cpu} write; no TLB is filled. */
  private boolean canWrite(Cpu cpu, long pa) {
    PagingRegisters registers = cpu.registers();
    long translation = kernel.machine().walker().walk(registers, kernel.layout().directVa(pa));
    return translation >= 0 && Walker.check(registers, translation, Access.WRITE) >= 0;
  }

  @Override
  public void enterRun(Cpu cpu) {
    keys.enterLazy(cpu);
  }

  @Override
  public void leaveRun(Cpu cpu) {
    keys.leaveLazy(cpu);
  }

  // ---- changes of the direct map ----

  /**
   * Changes attributes of kernel memory; may sleep. The direct map itself asks for what a split
   * needs.
   */
  public int setMemory(Cpu cpu, AttributeChange what, long va, long count) {
    return map.setMemory(cpu, what, va, count);
  }

  /** Gives frames another key; may sleep. */
  public int changeKey(Cpu cpu, long pfn, long count, int key) {
    return map.setKey(cpu, pfn, count, key);
  }

  /** Lets the block allocator give pages back; answers how many. */
  public long shrink(Cpu cpu, long wanted) {
    return pages instanceof BlockAllocator blocks ? blocks.shrink(cpu, wanted) : 0;
  }

  // ---- what there is ----

  /** Protected, zeroed, constructed tables for everything but splits of the direct map. */
  public TableSource tables() {
    return tables;
  }

  @Override
  public boolean isOn() {
    return isOn;
  }

  @Override
  public long initialRegister() {
    return keys.initial();
  }

  public KernelMachine kernel() {
    return kernel;
  }

  public Kpkeys keys() {
    return keys;
  }

  public ProtectedPages pages() {
    return pages;
  }

  public KpkeysConfig config() {
    return config;
  }

  /** Whether a frame was a table before the feature was on. */
  public boolean isEarlyTable(long pfn) {
    return early.isEarly(pfn);
  }

  /** Early tables that were not remembered, so that nobody could protect them. */
  public long earlyUntracked() {
    return early.untracked();
  }

  /** Calls of set_memory_pkey() that it took to switch the feature on. */
  public long earlyKeyChanges() {
    return earlyKeyChanges;
  }

  /** Entry writes that the keys refused although the level was raised. */
  public long deniedWrites() {
    return deniedWrites;
  }

  /** Protected pages as a source of tables. */
  private final class Source implements TableSource {
    private final boolean isForSplit;

    Source(boolean isForSplit) {
      this.isForSplit = isForSplit;
    }

    @Override
    public boolean isProtected() {
      return true;
    }

    @Override
    public long allocate(Cpu cpu, int level) {
      return isForSplit
          ? cleared(cpu, pages.takeForSplit(cpu), 0)
          : cleared(cpu, pages.take(cpu, order(level)), order(level));
    }

    @Override
    public long allocatePair(Cpu cpu, int level) {
      int order = order(level) + 1;
      return cleared(cpu, pages.take(cpu, order), order);
    }

    private int order(int level) {
      return Long.numberOfTrailingZeros(Math.max(format.tableBytes(level), format.pageBytes()))
          - format.pageShift();
    }

    /** Every entry of a split's table is written anyway, so only the others pay for zeroing. */
    private long cleared(Cpu cpu, long pfn, int order) {
      if (pfn == ProtectedPages.NONE) {
        return NONE;
      }
      long bytes = format.pageBytes() << order;
      long tablePa = pfn << format.pageShift();
      if (isForSplit || !pages.areZeroed()) {
        long token = keys.set(cpu, KeyLevel.PGTABLES);
        if (!isForSplit) {
          cpu.charge(Primitive.ZERO_PAGE, bytes / ZEROED_BYTES);
        }
        memory.zero(tablePa, bytes);
        keys.restore(cpu, token);
      }
      return tablePa;
    }

    @Override
    public void free(Cpu cpu, long tablePa, int level) {
      long pfn = tablePa >>> format.pageShift();
      if (early.isEarly(pfn)) {
        return; // it stays protected, and nobody's
      }
      pages.give(cpu, pfn, order(level));
    }

    @Override
    public void freePair(Cpu cpu, long tablePa, int level) {
      pages.give(cpu, tablePa >>> format.pageShift(), order(level) + 1);
    }
  }
}
