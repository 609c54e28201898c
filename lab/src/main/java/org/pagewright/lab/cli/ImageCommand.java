package org.pagewright.lab.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the simulated RAM of a scenario and its manifest. */
@Command(
    name = "image",
    description = "Writes raw physical memory and a manifest of what is mapped in it.",
    footer = {
      "",
      "Examples:",
      "  pagewright image random --format x86_64-4level --seed 7 --out random-image"
    })
@SuppressWarnings("UnusedVariable") // not built yet: nobody reads the options
final class ImageCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(paramLabel = "SCENARIO", description = "A hardware scenario, such as random.")
  private String scenario = "";

  @Option(
      names = "--format",
      paramLabel = "F",
      required = true,
      description = "See 'pagewright list formats'.")
  private String format = "";

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder to write; it appears complete or not at all.")
  private Path out = Path.of("");

  @Override
  public Integer call() {
    throw common.notBuilt();
  }
}
