package org.pagewright.kernel.boot;

import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.DirectMapConversion;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TablePages;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tablelife.ConstructingTables;
import org.pagewright.kernel.tablelife.TableConstructors;
import org.pagewright.kernel.tablelife.TableOwner;
import org.pagewright.kernel.tablelife.TableRules;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * A machine with a kernel that has booted: page allocator, direct map and TLB flushing, wired up.
 *
 * <p>Models {@code start_kernel()} up to {@code mark_rodata_ro()} (Linux 7.0) as far as memory is
 * concerned. Features (address spaces, mermap, secret memory) are built on top of it by whoever
 * needs them.
 */
public final class KernelMachine implements AutoCloseable {
  private final EarlyKernel early;
  private final Machine machine;
  private final PageAllocator allocator;
  private final FrameTags tags;
  private final TableSource plainTablePages;
  private final TableConstructors constructors;
  private final TableSource tablePages;
  private final DirectMapConversion conversion;

  private KernelMachine(EarlyKernel early, AllocatorConfig zones, TableRules rules) {
    this.early = early;
    this.machine = early.machine();
    PteFormat format = machine.format();
    this.allocator = new PageAllocator(zones);
    for (MemoryMap.Range range : early.memory().freeRanges()) {
      int pageShift = format.pageShift();
      allocator.handOver(range.from() >>> pageShift, range.to() >>> pageShift);
    }
    allocator.finishBoot();
    long frames = machine.memory().map().endBytes() >>> format.pageShift();
    this.tags = new FrameTags(frames);
    this.constructors = new TableConstructors(machine.events(), rules.locks(), frames);
    this.plainTablePages =
        new LaterTables(TablePages.zeroed(allocator, machine.memory(), format), early);
    this.tablePages =
        rules.constructsLowest()
            ? ConstructingTables.all(plainTablePages, constructors, format, TableOwner.INIT_MM)
            : ConstructingTables.allButLowest(plainTablePages, constructors, format);
    TableSource splits =
        new LaterTables(TablePages.forSplits(allocator, machine.memory(), format), early);
    TableSource before =
        directMap()
            .replaceSplitTables(
                rules.constructsSplits()
                    ? ConstructingTables.all(splits, constructors, format, TableOwner.INIT_MM)
                    : splits);
    assert before.equals(early.earlyTables()) : "somebody else replaced the source of tables";
    this.conversion = new DirectMapConversion(directMap(), shootdown(), machine.events());
    allocator.setConversion(conversion);
  }

  /** Models {@code mark_rodata_ro()}, the last of boot. */
  private void finish() {
    int error = directMap().protectImage(machine.cpu(0));
    assert error == 0 : error;
    early.levelClocks();
  }

  /** Boots a kernel on a new machine whose open decisions are all the first alternative. */
  public static KernelMachine boot(KernelConfig config) {
    return boot(config, Choices.first());
  }

  /** Boots a kernel on a new machine. */
  public static KernelMachine boot(KernelConfig config, Choices choices) {
    return boot(config, choices, BootStages.NONE);
  }

  /** Boots a kernel on a new machine with a feature that takes part in boot. */
  public static KernelMachine boot(KernelConfig config, Choices choices, BootStages stages) {
    return boot(config, choices, stages, TableRules.ALL);
  }

  /** Boots a kernel whose tables are constructed by other rules. */
  public static KernelMachine boot(
      KernelConfig config, Choices choices, BootStages stages, TableRules rules) {
    AllocatorConfig zones = config.allocator();
    EarlyKernel early = new EarlyKernel(config, new Machine(config.machine(), choices), stages);
    KernelMachine kernel = new KernelMachine(early, zones, rules);
    stages.memoryReady(kernel);
    kernel.finish();
    BootWatchers.ALL.forEach(watcher -> watcher.booted(kernel));
    return kernel;
  }

  public KernelConfig config() {
    return early.config();
  }

  public Machine machine() {
    return machine;
  }

  public Cpu cpu(int id) {
    return machine.cpu(id);
  }

  public KernelLayout layout() {
    return early.config().layout();
  }

  public PageAllocator allocator() {
    return allocator;
  }

  public DirectMap directMap() {
    return early.directMap();
  }

  /** The allocator's way to change the direct map of whole pageblocks. */
  public DirectMapConversion conversion() {
    return conversion;
  }

  public TlbShootdown shootdown() {
    return early.shootdown();
  }

  public PageTables tables() {
    return early.tables();
  }

  /** Makes tables of pages. Counts those that boot did not make. */
  public TableConstructors constructors() {
    return constructors;
  }

  /** Zeroed pages for tables that somebody else constructs. */
  public TableSource plainTablePages() {
    return plainTablePages;
  }

  /** Zeroed, constructed tables of the kernel's own. */
  public TableSource tablePages() {
    return tablePages;
  }

  /** Physical address of the kernel's top table. */
  public long rootPa() {
    return early.rootPa();
  }

  /** Owner and content of every frame, for whoever keeps them. */
  public FrameTags tags() {
    return tags;
  }

  /** What boot set aside before the page allocator got the rest. */
  public EarlyMemory earlyMemory() {
    return early.memory();
  }

  @Override
  public void close() {
    BootWatchers.ALL.forEach(watcher -> watcher.closing(this));
    tags.close();
    allocator.close();
    machine.close();
  }

  /** Tables from the page allocator; those that boot made go back to where they came from. */
  private record LaterTables(TableSource pages, EarlyKernel early) implements TableSource {
    @Override
    public long allocate(Cpu cpu, int level) {
      return pages.allocate(cpu, level);
    }

    @Override
    public void free(Cpu cpu, long tablePa, int level) {
      TableSource home = early.memory().isReserved(tablePa) ? early.earlyTables() : pages;
      home.free(cpu, tablePa, level);
    }
  }
}
