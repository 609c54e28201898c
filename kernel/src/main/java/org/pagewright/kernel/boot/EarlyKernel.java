package org.pagewright.kernel.boot;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Control;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.KernelTables;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.FlushConfig;
import org.pagewright.kernel.tlbflush.MmTlb;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * The kernel before its page allocator runs: tables are built, CPUs walk them, memory comes from
 * {@link EarlyMemory}.
 *
 * <p>Models {@code setup_arch()} up to {@code init_mem_mapping()}. It is a kernel of its own for
 * tests and tools that need the direct map and nothing that allocates.
 */
public final class EarlyKernel {
  private static final long ISA_END = 1L << 20;
  private static final long LARGE_BYTES = 2L << 20;

  /** Context of {@code init_mm}; others count from here. */
  public static final long KERNEL_CONTEXT = 1;

  private final KernelConfig config;
  private final Machine machine;
  private final EarlyMemory memory;
  private final EarlyTables source;
  private final PageTables tables;
  private final long rootPa;
  private final TlbShootdown shootdown;
  private final DirectMap directMap;

  /** Builds the kernel's tables on {@code machine} and loads them on every CPU. */
  public EarlyKernel(KernelConfig config, Machine machine) {
    this(config, machine, BootStages.NONE);
  }

  /** The same with a feature that takes part in boot. */
  EarlyKernel(KernelConfig config, Machine machine, BootStages stages) {
    if (!config.machine().equals(machine.config())) {
      throw new IllegalArgumentException("configuration is for another machine");
    }
    this.config = config;
    this.machine = machine;
    PteFormat format = machine.format();
    Cpu cpu = machine.cpu(0);
    this.memory = new EarlyMemory(machine.memory().map());
    reserve(format);
    this.source = new EarlyTables(memory, machine.memory(), format, lowestPa(), stages);
    this.tables = new PageTables(machine);
    this.rootPa = allocateRoot(cpu, format);
    DirectMapBuilder builder = new DirectMapBuilder(config, tables, source, rootPa);
    List<MemoryMap.Range> mapped = mappedRanges();
    for (int i = mapped.size() - 1; i >= 0; i--) {
      builder.map(cpu, mapped.get(i));
    }
    if (isX86() || format.architecture() == Architecture.ARM64) {
      builder.mapImage(cpu, config.image());
    }
    MmTlb kernelMm = kernelMm(cpu, format);
    FlushConfig flush =
        new FlushConfig(config.policy(), config.isolation(), config.addressSpaceNumbers());
    this.shootdown = new TlbShootdown(machine, flush, kernelMm);
    KernelTables kernel =
        new KernelTables(
            tables,
            config.layout(),
            config.policy(),
            rootPa,
            new MemoryMap(merged(mapped)),
            builder.leaves(),
            config.globalKernel());
    this.directMap =
        new DirectMap(machine, kernel, shootdown, source, config.image(), config.directMap());
    for (int i = 0; i < machine.cpus(); i++) {
      start(machine.cpu(i));
    }
    levelClocks();
    BootWatchers.ALL.forEach(watcher -> watcher.started(this));
  }

  /** Lets all CPUs begin at the same time. */
  void levelClocks() {
    long latest = machine.latestCycle();
    for (int i = 0; i < machine.cpus(); i++) {
      machine.cpu(i).advanceTo(latest);
    }
  }

  private boolean isX86() {
    return machine.format().architecture() == Architecture.X86;
  }

  private long lowestPa() {
    return isX86() ? ISA_END : 0;
  }

  /** Frame 0, on x86 the first megabyte, the image, and what describes each frame. */
  private void reserve(PteFormat format) {
    memory.reserve(0, isX86() ? ISA_END : format.pageBytes());
    if (!config.image().isEmpty()) {
      memory.reserve(config.image().textPa(), config.image().endPa());
    }
    if (config.memmapBytesPerPage() == 0) {
      return;
    }
    for (MemoryMap.Range range : machine.memory().map().ranges()) {
      long bytes = range.bytes() / format.pageBytes() * config.memmapBytesPerPage();
      long aligned = (bytes + format.pageBytes() - 1) & -format.pageBytes();
      long align = aligned >= LARGE_BYTES ? LARGE_BYTES : format.pageBytes();
      long end = machine.memory().map().endBytes();
      long pa = memory.allocate(aligned, align, lowestPa(), end);
      if (pa == EarlyMemory.NONE) {
        throw new IllegalArgumentException("no memory for the descriptors of " + range);
      }
    }
  }

  private long allocateRoot(Cpu cpu, PteFormat format) {
    long pa = tables.allocateTable(cpu, format.topLevel(), source);
    if (pa == TableSource.NONE) {
      throw new IllegalArgumentException("no memory for the kernel's top table");
    }
    return pa;
  }

  /** RAM, and on x86 the first megabyte apart from it where a hole makes it special. */
  private List<MemoryMap.Range> mappedRanges() {
    List<MemoryMap.Range> ram = merged(machine.memory().map().ranges());
    boolean hasIsaHole = isX86() && ram.getFirst().to() < ISA_END;
    if (!hasIsaHole) {
      return ram;
    }
    List<MemoryMap.Range> mapped = new ArrayList<>();
    mapped.add(new MemoryMap.Range(0, ISA_END));
    for (MemoryMap.Range range : ram) {
      if (range.to() > ISA_END) {
        mapped.add(new MemoryMap.Range(Math.max(range.from(), ISA_END), range.to()));
      }
    }
    return mapped;
  }

  private static List<MemoryMap.Range> merged(List<MemoryMap.Range> ranges) {
    List<MemoryMap.Range> merged = new ArrayList<>();
    for (MemoryMap.Range range : ranges) {
      if (!merged.isEmpty() && merged.getLast().to() == range.from()) {
        merged.add(new MemoryMap.Range(merged.removeLast().from(), range.to()));
      } else {
        merged.add(range);
      }
    }
    return merged;
  }

  /** On arm64 the kernel's tables stand behind the second root and the first one is empty. */
  private MmTlb kernelMm(Cpu cpu, PteFormat format) {
    boolean hasTwoRoots = format.roots().hasSecond();
    long first = hasTwoRoots ? allocateRoot(cpu, format) : rootPa;
    return new MmTlb(KERNEL_CONTEXT, first, MmTlb.NO_ROOT, machine.cpus());
  }

  private void start(Cpu cpu) {
    if (isX86()) {
      cpu.mmu().setControl(Control.PCIDE, config.addressSpaceNumbers());
    }
    if (machine.format().roots().hasSecond()) {
      cpu.mmu().switchRoot1(rootPa);
    }
    shootdown.start(cpu);
  }

  public KernelConfig config() {
    return config;
  }

  public Machine machine() {
    return machine;
  }

  public EarlyMemory memory() {
    return memory;
  }

  /** Tables from early memory. */
  public TableSource earlyTables() {
    return source;
  }

  /** Memory that went into tables so far. */
  public long earlyTableBytes() {
    return source.bytes();
  }

  public PageTables tables() {
    return tables;
  }

  /** Physical address of the kernel's top table. */
  public long rootPa() {
    return rootPa;
  }

  public TlbShootdown shootdown() {
    return shootdown;
  }

  public DirectMap directMap() {
    return directMap;
  }
}
