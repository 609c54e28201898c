package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorText;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.lab.show.FormatFigure;
import org.pagewright.lab.show.ImageFolder;
import org.pagewright.lab.show.LayoutFigure;
import org.pagewright.lab.show.TableDump;
import org.pagewright.lab.trace.TraceReplay;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows things in the forms that kernel people know; one subcommand for each. */
@Command(
    name = "show",
    synopsisSubcommandLabel = "WHAT",
    description = "Shows things in the forms that kernel people know.",
    footer = {
      "",
      "Examples:",
      "  pagewright show format riscv64-sv48",
      "  pagewright show layout x86_64-5level",
      "  pagewright show tables",
      "  pagewright show buddyinfo --after-trace samples/traces/boot-1cpu-512m.trace.gz"
    })
final class ShowCommand {
  private static final String MEMORY = "1G";
  private static final long MEMORY_BYTES_MAX = 8L << 40;

  @SuppressWarnings("UnusedVariable") // for picocli only
  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Which machine's memory is shown. */
  static final class Memory {
    @Option(
        names = "--memory",
        paramLabel = "RANGES",
        defaultValue = MEMORY,
        description = "RAM of the machine, such as 4G or 0-640K,1M-3G (default: 1G).")
    private String memory = MEMORY;

    @Option(
        names = "--after-trace",
        paramLabel = "FILE",
        description = "Instead, the state that the recorded trace FILE leaves.")
    private @Nullable Path trace;
  }

  @Command(
      name = "format",
      description = "Prints an entry format like the manual's figure.",
      footer = {"", "Examples:", "  pagewright show format x86_64-4level"})
  int format(
      @Mixin CommonOptions options,
      @Parameters(paramLabel = "FORMAT", description = "See 'pagewright list formats'.")
          String format) {
    options.out().print(FormatFigure.of(named(format)));
    return ExitStatus.FINE;
  }

  @Command(
      name = "layout",
      description = "Prints the virtual address-space layout of a format.",
      footer = {"", "Examples:", "  pagewright show layout x86_64-5level"})
  int layout(
      @Mixin CommonOptions options,
      @Parameters(paramLabel = "FORMAT", description = "See 'pagewright list formats'.")
          String format) {
    PteFormat of = named(format);
    try {
      options.out().print(LayoutFigure.of(of));
    } catch (IllegalArgumentException none) {
      throw wrong(none);
    }
    return ExitStatus.FINE;
  }

  @Command(
      name = "buddyinfo",
      description = "Prints free blocks as /proc/buddyinfo does.",
      footer = {
        "",
        "Examples:",
        "  pagewright show buddyinfo --memory 4G",
        "  pagewright show buddyinfo --after-trace samples/traces/boot-1cpu-512m.trace.gz"
      })
  int buddyinfo(@Mixin CommonOptions options, @Mixin Memory memory) throws IOException {
    return printAllocator(options, memory, AllocatorText::buddyinfo);
  }

  @Command(
      name = "pagetypeinfo",
      description = "Prints free blocks by type as /proc/pagetypeinfo does.",
      footer = {
        "",
        "Examples:",
        "  pagewright show pagetypeinfo --memory 4G",
        "  pagewright show pagetypeinfo --after-trace samples/traces/boot-1cpu-512m.trace.gz"
      })
  int pagetypeinfo(@Mixin CommonOptions options, @Mixin Memory memory) throws IOException {
    return printAllocator(
        options, memory, allocator -> AllocatorText.pagetypeinfo(allocator, /* withCma= */ true));
  }

  @Command(
      name = "pagesets",
      description = "Prints the per-CPU lists as /proc/zoneinfo does.",
      footer = {"", "Examples:", "  pagewright show pagesets --memory 4G"})
  int pagesets(@Mixin CommonOptions options, @Mixin Memory memory) throws IOException {
    return printAllocator(options, memory, AllocatorText::pagesets);
  }

  @Command(
      name = "zoneinfo",
      description = "Prints the zones' marks, counters and per-CPU lists as /proc/zoneinfo does.",
      footer = {
        "",
        "Examples:",
        "  pagewright show zoneinfo --memory 4G",
        "  pagewright show zoneinfo --after-trace samples/traces/boot-1cpu-512m.trace.gz"
      })
  int zoneinfo(@Mixin CommonOptions options, @Mixin Memory memory) throws IOException {
    return printAllocator(options, memory, AllocatorText::zoneinfo);
  }

  @Command(
      name = "vmstat",
      description = "Prints the page allocator's counters as /proc/vmstat does.",
      footer = {"", "Examples:", "  pagewright show vmstat --memory 4G"})
  int vmstat(@Mixin CommonOptions options, @Mixin Memory memory) throws IOException {
    return printAllocator(options, memory, AllocatorText::vmstat);
  }

  @Command(
      name = "tables",
      description = "Prints page tables as the kernel's page-table dump does.",
      footer = {
        "",
        "Examples:",
        "  pagewright show tables",
        "  pagewright show tables --format aarch64-4k --memory 256M",
        "  pagewright show tables random-sv48"
      })
  int tables(
      @Mixin CommonOptions options,
      @Parameters(
              arity = "0..1",
              paramLabel = "DIR",
              description = "A folder that image has written (default: a kernel after boot).")
          @Nullable Path image,
      @Option(
              names = "--format",
              paramLabel = "F",
              defaultValue = "x86_64-4level",
              description = "Format of the kernel's tables (default: ${DEFAULT-VALUE}).")
          String format,
      @Option(
              names = "--memory",
              paramLabel = "RANGES",
              defaultValue = MEMORY,
              description = "RAM of the machine (default: ${DEFAULT-VALUE}).")
          String memory)
      throws IOException {
    if (image != null) {
      try (ImageFolder folder = ImageFolder.open(image)) {
        TableDump.write(folder.memory(), folder.registers(), options.out());
      }
      return ExitStatus.FINE;
    }
    MachineConfig machine = machine(named(format), memory);
    try (Machine booted = new Machine(machine)) {
      EarlyKernel kernel = new EarlyKernel(KernelConfig.of(machine), booted);
      TableDump.write(booted.memory(), kernel.machine().cpu(0).registers(), options.out());
    } catch (IllegalArgumentException none) {
      throw wrong(none);
    }
    return ExitStatus.FINE;
  }

  /** Text made of an allocator. */
  private interface View {
    String of(PageAllocator allocator);
  }

  private int printAllocator(CommonOptions options, Memory memory, View view) throws IOException {
    if (memory.trace != null) {
      try (PageAllocator after = TraceReplay.stateAfter(memory.trace)) {
        options.out().print(view.of(after));
      }
      return ExitStatus.FINE;
    }
    KernelConfig config = KernelConfig.of(machine(named("x86_64-4level"), memory.memory));
    try (KernelMachine kernel = KernelMachine.boot(config)) {
      options.out().print(view.of(kernel.allocator()));
    } catch (IllegalArgumentException none) {
      throw wrong(none);
    }
    return ExitStatus.FINE;
  }

  private MachineConfig machine(PteFormat format, String memory) {
    try {
      MemoryMap map =
          memory.contains("-")
              ? MemoryMap.parse(memory)
              : MemoryMap.of(MemoryMap.parseBytes(memory));
      if (map.endBytes() > MEMORY_BYTES_MAX) {
        throw new IllegalArgumentException("memory ends above 8T: " + memory);
      }
      return MachineConfig.small(format).withMap(map);
    } catch (IllegalArgumentException none) {
      throw wrong(none);
    }
  }

  private PteFormat named(String format) {
    try {
      return PteFormat.named(format);
    } catch (IllegalArgumentException unknown) {
      throw wrong(unknown);
    }
  }

  private ParameterException wrong(IllegalArgumentException cause) {
    return new ParameterException(spec.commandLine(), String.valueOf(cause.getMessage()), cause);
  }
}
