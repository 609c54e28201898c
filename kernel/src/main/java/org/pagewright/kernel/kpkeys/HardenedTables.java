package org.pagewright.kernel.kpkeys;

import java.util.BitSet;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.pgtable.EntryGate;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * A booted kernel's tables under a protection key, from the moment this exists.
 *
 * <p>Models {@code kpkeys_hardened_pgtables_init()} and {@code
 * arch_kpkeys_protect_static_pgtables()} (v6, v7): the feature is switched on, then every table
 * that boot made is protected, and every writer of entries raises the level.
 */
public final class HardenedTables implements EntryGate {
  /** Splits made while early tables are protected make tables; so the walk is repeated. */
  private static final int WALKS_MAX = 8;

  private static final int PREPARE_ROUNDS_MAX = 8;
  private static final int TABLE_BYTES = 4096;

  private final KernelMachine kernel;
  private final KpkeysConfig config;
  private final Kpkeys keys;
  private final ProtectedPages pages;
  private final PhysicalMemory memory;
  private final DirectMap map;
  private final PteFormat format;
  private final BitSet early = new BitSet();
  private final TableSource tables;
  private long deniedWrites;

  /** Switches the feature on, on {@code cpu}. */
  public HardenedTables(KernelMachine kernel, KpkeysConfig config, Cpu cpu) {
    this.kernel = kernel;
    this.config = config;
    this.memory = kernel.machine().memory();
    this.map = kernel.directMap();
    this.format = kernel.machine().format();
    this.pages = supply();
    this.tables = new Source(/* isForSplit= */ false);
    map.replaceSplitTables(new Source(/* isForSplit= */ true));
    this.keys = new Kpkeys(kernel.machine(), config.batches());
    kernel.tables().setGate(this);
    switch (pages) {
      case BlockAllocator blocks -> blocks.start(cpu);
      case FreetypePool pool -> pool.start(cpu);
      default -> {}
    }
    protectEarlyTables(cpu);
  }

  private ProtectedPages supply() {
    return switch (config.supply()) {
      case PAGE -> new PageByPage(kernel.allocator(), map);
      case BLOCK -> new BlockAllocator(config, kernel.allocator(), map);
      case FREETYPE -> new FreetypePool(config, kernel.allocator(), map);
      case NONE -> throw new IllegalArgumentException("design " + config.name() + " has no keys");
    };
  }

  // ---- early tables ----

  private void protectEarlyTables(Cpu cpu) {
    for (int walk = 0; walk < WALKS_MAX; walk++) {
      BitSet unprotected = new BitSet();
      findUnprotected(kernel.rootPa(), format.topLevel(), unprotected);
      findUnprotected(cpu.registers().root(), format.topLevel(), unprotected);
      if (unprotected.isEmpty()) {
        return;
      }
      early.or(unprotected);
      for (int from = unprotected.nextSetBit(0); from >= 0; ) {
        int to = unprotected.nextClearBit(from);
        protect(cpu, from, to - from);
        from = unprotected.nextSetBit(to);
      }
    }
    throw new IllegalStateException("early tables are not protected after " + WALKS_MAX + " walks");
  }

  private void protect(Cpu cpu, long pfn, long count) {
    int error = changeKey(cpu, pfn, count, KeyLevel.KEY_PGTABLES);
    if (error != 0) {
      throw new IllegalArgumentException("early tables cannot be protected: " + Errno.name(error));
    }
  }

  private void findUnprotected(long tablePa, int level, BitSet found) {
    long pfn = tablePa >>> format.pageShift();
    if (map.keyNow(pfn) != KeyLevel.KEY_PGTABLES) {
      found.set(Math.toIntExact(pfn));
    }
    PageTables door = kernel.tables();
    for (long i = 0; level > 1 && i < format.level(level).entries(); i++) {
      long entry = door.peek(tablePa + i * Long.BYTES);
      if (format.isTable(entry, level)) {
        findUnprotected(format.pa(entry, level), level - 1, found);
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

  // ---- changes of the direct map ----

  /**
   * Changes attributes of kernel memory after making sure that a split can be served; may sleep.
   * Models the callers of {@code kpkeys_prepare_direct_map_split()} in arm64's mmu.c (v6).
   */
  public int setMemory(Cpu cpu, AttributeChange what, long va, long count) {
    int error = prepare(cpu);
    return error != 0 ? error : map.setMemory(cpu, what, va, count);
  }

  /** Gives frames another key after making sure that a split can be served; may sleep. */
  public int changeKey(Cpu cpu, long pfn, long count, int key) {
    int error = prepare(cpu);
    if (error != 0) {
      return error;
    }
    return map.setKey(cpu, pfn, count, key);
  }

  /** Prepares until ready. Linux looks again under the lock and retries. */
  private int prepare(Cpu cpu) {
    for (int round = 0; round < PREPARE_ROUNDS_MAX; round++) {
      int error = pages.prepareSplit(cpu);
      if (error != 0 || pages.isReadyForSplit()) {
        return error;
      }
    }
    return -Errno.EAGAIN;
  }

  /** Lets the block allocator give pages back; answers how many. */
  public long shrink(Cpu cpu, long wanted) {
    return pages instanceof BlockAllocator blocks ? blocks.shrink(cpu, wanted) : 0;
  }

  // ---- what there is ----

  /** Protected, zeroed tables for everything but splits of the direct map. */
  public TableSource tables() {
    return tables;
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
    return early.get(Math.toIntExact(pfn));
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
    public long allocate(Cpu cpu, int level) {
      long pfn = isForSplit ? pages.takeForSplit(cpu) : pages.take(cpu);
      if (pfn == ProtectedPages.NONE) {
        return NONE;
      }
      long token = keys.set(cpu, KeyLevel.PGTABLES);
      if (!isForSplit) {
        cpu.charge(Primitive.ZERO_PAGE);
      }
      memory.zero(pfn << format.pageShift(), TABLE_BYTES);
      keys.restore(cpu, token);
      return pfn << format.pageShift();
    }

    @Override
    public void free(Cpu cpu, long tablePa, int level) {
      pages.give(cpu, tablePa >>> format.pageShift());
    }
  }
}
