package org.pagewright.lab.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows things in the forms that kernel people know; one subcommand for each. */
@Command(
    name = "show",
    synopsisSubcommandLabel = "WHAT",
    description = "Shows things in the forms that kernel people know.",
    footer = {
      "",
      "Examples:",
      "  pagewright show format riscv64-sv48",
      "  pagewright show layout x86_64-5level"
    })
final class ShowCommand {
  @SuppressWarnings("UnusedVariable") // for picocli only
  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Command(
      name = "format",
      description = "Prints an entry format like the manual's figure.",
      footer = {"", "Examples:", "  pagewright show format x86_64-4level"})
  int format(
      @Mixin CommonOptions options,
      @Parameters(paramLabel = "FORMAT", description = "See 'pagewright list formats'.")
          String format) {
    throw options.notBuilt();
  }

  @Command(
      name = "layout",
      description = "Prints the virtual address-space layout of a format.",
      footer = {"", "Examples:", "  pagewright show layout x86_64-5level"})
  int layout(
      @Mixin CommonOptions options,
      @Parameters(paramLabel = "FORMAT", description = "See 'pagewright list formats'.")
          String format) {
    throw options.notBuilt();
  }

  @Command(
      name = "buddyinfo",
      description = "Prints free blocks as /proc/buddyinfo does.",
      footer = {"", "Examples:", "  pagewright show buddyinfo"})
  int buddyinfo(@Mixin CommonOptions options) {
    throw options.notBuilt();
  }

  @Command(
      name = "pagetypeinfo",
      description = "Prints free blocks by type as /proc/pagetypeinfo does.",
      footer = {"", "Examples:", "  pagewright show pagetypeinfo"})
  int pagetypeinfo(@Mixin CommonOptions options) {
    throw options.notBuilt();
  }

  @Command(
      name = "tables",
      description = "Prints page tables as the kernel's page-table dump does.",
      footer = {"", "Examples:", "  pagewright show tables"})
  int tables(@Mixin CommonOptions options) {
    throw options.notBuilt();
  }
}
