package org.pagewright.kernel.mm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.pagewright.hardware.cpu.CostTable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapZeroing;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.secret.GuestMemfdConfig;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretServices;
import org.pagewright.kernel.secret.SecretmemConfig;
import org.pagewright.kernel.tablelife.ConstructingTables;
import org.pagewright.kernel.tablelife.TableConfig;
import org.pagewright.kernel.tablelife.TableConstructors;
import org.pagewright.kernel.tablelife.TableOwner;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/** A small kernel with processes, mermap and secret memory, and what tests want to see of it. */
@SuppressWarnings("EnumOrdinal") // events know verbs by their number
public final class IsolationWorld implements AutoCloseable {
  private static final int PAGE_SHIFT = 12;
  private static final int PAGEBLOCK_ORDER = 9;
  private static final long FIRST_FREE_PFN = 1024;
  private static final long END_PFN = 1L << 15;
  private static final TableSource NO_TABLES =
      new TableSource() {
        @Override
        public long allocate(Cpu cpu, int level) {
          return NONE;
        }

        @Override
        public void free(Cpu cpu, long tablePa, int level) {}
      };

  private final Machine machine;
  private final EarlyKernel kernel;
  private final PageAllocator allocator;
  private final MmLocalRegion region;
  private final Mermap mermap;
  private final Processes processes;
  private final MermapZeroing zeroing;
  private final FrameTags tags = new FrameTags(END_PFN);
  private final CostLedger ledger;
  private final List<Long> hoarded = new ArrayList<>();
  private TableSource splitTables = NO_TABLES;
  private long directMapChanges;
  private long freedWhileAbsent;

  private IsolationWorld(MermapConfig config, String format, boolean isolates) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format))
            .withMap(MemoryMap.of(END_PFN << PAGE_SHIFT))
            .withCosts(CostTable.ALL_ONES);
    KernelConfig boot = KernelConfig.bare(hardware).withIsolation(isolates);
    this.machine = new Machine(hardware);
    this.kernel = new EarlyKernel(boot, machine);
    this.ledger = new CostLedger(machine.cpus());
    this.allocator =
        new PageAllocator(AllocatorConfig.of(hardware.map(), machine.cpus(), AllocatorRules.V7_0));
    // Boot's tables stand at the end of memory.
    allocator.handOver(FIRST_FREE_PFN, END_PFN - FIRST_FREE_PFN);
    allocator.finishBoot();
    TableConstructors constructors =
        new TableConstructors(machine.events(), TableConfig.SPLIT, END_PFN);
    TableSource tables =
        ConstructingTables.all(
            new AllocatedTables(), constructors, machine.format(), TableOwner.INIT_MM);
    this.region =
        new MmLocalRegion(
            MmLocalLayout.of(machine.format()),
            MmLocalRegion.Policy.ON_DEMAND,
            kernel.tables(),
            tables,
            kernel.shootdown(),
            machine.events());
    this.mermap =
        new Mermap(
            config,
            region,
            kernel.tables(),
            allocator,
            kernel.shootdown(),
            machine.events(),
            machine.cpus());
    this.processes =
        new Processes(
            machine,
            kernel.shootdown(),
            TopTables.ofParts(
                allocator, machine.memory(), kernel.tables(), kernel.rootPa(), isolates));
    processes.add(region);
    processes.add(mermap);
    this.zeroing = new MermapZeroing(mermap, tags, ledger, PAGE_SHIFT, PAGEBLOCK_ORDER);
    allocator.setZeroing(zeroing);
    allocator.setConversion(new Conversion());
    machine.events().attach(new Watcher());
  }

  /** Four levels, no isolation. */
  public static IsolationWorld of(MermapConfig config) {
    return new IsolationWorld(config, "x86_64-4level", /* isolates= */ false);
  }

  /** Four levels with page-table isolation. */
  public static IsolationWorld isolated(MermapConfig config) {
    return new IsolationWorld(config, "x86_64-4level", /* isolates= */ true);
  }

  /** Any format. */
  public static IsolationWorld of(MermapConfig config, String format, boolean isolates) {
    return new IsolationWorld(config, format, isolates);
  }

  private final class AllocatedTables implements TableSource {
    @Override
    public long allocate(Cpu cpu, int level) {
      long pfn = allocator.allocate(cpu, Gfp.KERNEL_ACCOUNT | Gfp.ZERO, 0);
      return pfn == PageAllocator.NONE ? NONE : pfn << PAGE_SHIFT;
    }

    @Override
    public void free(Cpu cpu, long tablePa, int level) {
      allocator.free(cpu, tablePa >>> PAGE_SHIFT, 0);
    }
  }

  private final class Conversion implements BlockConversion {
    @Override
    public boolean isPossible() {
      return kernel.directMap().canSet();
    }

    @Override
    public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
      int error = kernel.directMap().setValidNoflush(cpu, pfn, 1L << order, !unmaps);
      if (error == 0 && unmaps) {
        long va = kernel.directMap().va(pfn);
        kernel.shootdown().flushKernelRange(cpu, va, va + (1L << (order + PAGE_SHIFT)));
      }
      return error;
    }
  }

  /** Follows the direct map by its events, and counts secret frames given back while absent. */
  private final class Watcher implements EventLog.Reader {
    private final BitSet absent = new BitSet();
    private int what;

    @Override
    public void event(int kind, int cpu, long a, long b, long c) {
      switch (kind) {
        case KernelEvent.ATTRIBUTES_CHANGE -> {
          directMapChanges++;
          what = (int) c;
        }
        case KernelEvent.ATTRIBUTES_CHANGED -> {
          int first = (int) (kernel.directMap().layout().directPa(a) >>> PAGE_SHIFT);
          boolean removes = what == AttributeChange.DIRECT_INVALID.ordinal();
          if (c == 0) {
            absent.set(first, first + (int) b, removes);
          }
        }
        case MmEvent.SECRET_REMOVED -> {
          if (absent.get((int) a)) {
            freedWhileAbsent++;
          }
        }
        default -> {}
      }
    }
  }

  // ---- parts

  public Cpu cpu(int id) {
    return machine.cpu(id);
  }

  public int cpus() {
    return machine.cpus();
  }

  public Machine machine() {
    return machine;
  }

  public PageTables tables() {
    return kernel.tables();
  }

  public TlbShootdown shootdown() {
    return kernel.shootdown();
  }

  public PhysicalMemory memory() {
    return machine.memory();
  }

  public PteFormat format() {
    return machine.format();
  }

  public Mermap mermap() {
    return mermap;
  }

  /** A second mermap on the same address spaces whose walks find no table. */
  public Mermap mermapWithFailingWalks() {
    return new Mermap(
        mermap.config(),
        region,
        kernel.tables(),
        allocator,
        kernel.shootdown(),
        machine.events(),
        machine.cpus()) {
      @Override
      protected boolean walkSucceeds(Cpu cpu, long va) {
        return false;
      }
    };
  }

  public MmLocalRegion region() {
    return region;
  }

  public PageAllocator allocator() {
    return allocator;
  }

  public MermapZeroing zeroing() {
    return zeroing;
  }

  public Processes processes() {
    return processes;
  }

  public DirectMap directMap() {
    return kernel.directMap();
  }

  public FrameTags tags() {
    return tags;
  }

  public CostLedger ledger() {
    return ledger;
  }

  public SecretServices secretServices() {
    return new SecretServices(
        allocator,
        kernel.directMap(),
        kernel.shootdown(),
        mermap,
        tags,
        machine.events(),
        ledger,
        PAGE_SHIFT);
  }

  /** Pages as the version of a secretmem asks for them. */
  public SecretPages secretPages(SecretmemConfig config) {
    boolean asksByGfp = config.backing() == SecretmemConfig.Backing.POOLED;
    return new SecretPages(
        secretServices(), asksByGfp ? PoolRequest.GFP_BIT : PoolRequest.ALLOC_FLAG);
  }

  /** Pages as the version of a guest_memfd asks for them. */
  public SecretPages secretPages(GuestMemfdConfig config) {
    return new SecretPages(
        secretServices(), config.zeroes() ? PoolRequest.GFP_BIT : PoolRequest.ALLOC_FLAG);
  }

  // ---- processes

  public Mm createMm() {
    return requireNonNull(processes.createMm(cpu(0)));
  }

  /** A new process whose first thread runs on a CPU. */
  public Mm runNewProcess(int cpu) {
    Mm mm = createMm();
    runThread(cpu, mm);
    return mm;
  }

  public void runThread(int cpu, Mm mm) {
    processes.run(cpu(cpu), processes.createTask(Task.Kind.USER, mm));
  }

  public void prepare(Mm mm) {
    assertThat(mermap.prepare(cpu(0), mm)).isZero();
  }

  // ---- memory

  /** A frame of ordinary memory. */
  public long frame() {
    long pfn = allocator.allocate(cpu(0), Gfp.KERNEL, 0);
    assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
    return pfn;
  }

  /** What a CPU reads at an address. */
  public long read(int cpu, long va) {
    return cpu(cpu).load(va, Access.READ);
  }

  /** The entry of an address in the tables of a process. */
  public long entry(Mm mm, long va) {
    return kernel.tables().peek(EntrySlot.pa(kernel.tables().peekLookup(mm.kernelPgdPa(), va)));
  }

  /** A walk from any top table. */
  public long walk(long rootPa, long va) {
    PagingRegisters registers = new PagingRegisters(machine.format());
    registers.setRoot(rootPa);
    return machine.walker().walk(registers, va);
  }

  /** Pages that the allocator gave out and did not get back. */
  public long usedPages() {
    return END_PFN - allocator.freePages() - allocator.pcpPages();
  }

  /** Leaves memory for {@code pages} more single pages. */
  public void failAllocationsAfter(int pages) {
    for (long pfn = hoard(); pfn != PageAllocator.NONE; pfn = hoard()) {
      hoarded.add(pfn);
    }
    for (int i = 0; i < pages; i++) {
      allocator.free(cpu(0), hoarded.removeLast(), 0);
    }
    allocator.drainAll();
  }

  private long hoard() {
    return allocator.allocate(cpu(0), Gfp.KERNEL, 0);
  }

  public void allowAllocations() {
    for (long pfn : hoarded) {
      allocator.free(cpu(0), pfn, 0);
    }
    hoarded.clear();
  }

  /** Makes splits of the direct map fail, or lets them succeed again. */
  public void failSplits(boolean fail) {
    if (fail) {
      splitTables = kernel.directMap().replaceSplitTables(NO_TABLES);
    } else {
      kernel.directMap().replaceSplitTables(splitTables);
    }
  }

  // ---- what tests look at

  /** Frames whose tag says that a file owns them. */
  public long ownedBy(int file) {
    long frames = 0;
    for (long pfn = 0; pfn < END_PFN; pfn++) {
      if (tags.owner(pfn) == file) {
        frames++;
      }
    }
    return frames;
  }

  /** Lets every CPU use the direct map of all memory, so that TLBs know it. */
  public void warmDirectMapEverywhere() {
    for (int i = 0; i < machine.cpus(); i++) {
      for (long pfn = FIRST_FREE_PFN; pfn < END_PFN; pfn += 256) {
        long translation = cpu(i).translate(directMap().va(pfn), Access.READ);
        assertThat(translation).isNotZero();
      }
    }
  }

  /** Whether any CPU's TLB translates an address of the direct map to the frame. */
  public boolean tlbsReachByDirectMap(long pfn) {
    return tlbsReach(pfn, /* byDirectMap= */ true);
  }

  /** Whether any CPU's TLB translates an address of a mermap window to the frame. */
  public boolean tlbsReachByMermap(long pfn) {
    return tlbsReach(pfn, /* byDirectMap= */ false);
  }

  private boolean tlbsReach(long pfn, boolean byDirectMap) {
    boolean[] found = new boolean[1];
    for (int i = 0; i < machine.cpus(); i++) {
      cpu(i)
          .tlb()
          .forEachEntry((array, va, asid, shift, translation) -> {
            boolean isRegion =
                byDirectMap ? directMap().layout().inDirectMap(va) : region.layout().contains(va);
            found[0] |= isRegion && covers(translation, va, shift, pfn);
          });
    }
    return found[0];
  }

  private static boolean covers(long translation, long va, int shift, long pfn) {
    if (Translation.isFault(translation)) {
      return false;
    }
    long first = Translation.pa(translation, va) >>> PAGE_SHIFT;
    return pfn >= first && pfn < first + (1L << (shift - PAGE_SHIFT));
  }

  /** Changes of the direct map so far. */
  public long directMapChanges() {
    machine.events().drain();
    return directMapChanges;
  }

  /** Counts from here on. */
  public void watchFrees() {
    machine.events().drain();
    freedWhileAbsent = 0;
  }

  /** Secret frames that were absent from the direct map when they were given back. */
  public long framesFreedWhileAbsent() {
    machine.events().drain();
    return freedWhileAbsent;
  }

  @Override
  public void close() {
    allocator.close();
    tags.close();
    machine.close();
  }
}
