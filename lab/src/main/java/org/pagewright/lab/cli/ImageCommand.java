package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.image.ImageScenario;
import org.pagewright.hardware.image.Manifest;
import org.pagewright.hardware.image.MemoryImage;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.lab.report.OutputFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the simulated RAM of a scenario and its manifest. */
@Command(
    name = "image",
    description = "Writes raw physical memory and a manifest of what is mapped in it.",
    footer = {
      "",
      "Examples:",
      "  pagewright image random --format x86_64-4level --seed 7 --out random-image"
    })
final class ImageCommand implements Callable<Integer> {
  private static final String MANIFEST = "manifest.json";

  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(paramLabel = "SCENARIO", description = "A hardware scenario: every or random.")
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
      description = "New folder to write; the manifest appears last, when all else is there.")
  private Path out = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    ImageScenario what;
    PteFormat in;
    try {
      what = ImageScenario.named(scenario);
      in = PteFormat.named(format);
    } catch (IllegalArgumentException unknown) {
      throw new ParameterException(spec.commandLine(), unknown.getMessage(), unknown);
    }
    try (MemoryImage image = what.build(in, new SeededChoices(common.seed()))) {
      Manifest manifest = image.manifest();
      writeFolder(image, manifest);
      common
          .out()
          .printf(
              "%s: %s image of seed %d, %d mappings%n",
              out, in, common.seed(), manifest.mappings().size());
    }
    return 0;
  }

  /** Writes the memory, then the manifest: a folder with a manifest is complete. */
  private void writeFolder(MemoryImage image, Manifest manifest) throws IOException {
    if (Files.exists(out.resolve(MANIFEST)) || Files.isRegularFile(out)) {
      throw new FileAlreadyExistsException(out.toString(), null, "expected a new folder");
    }
    Path folder = out.toAbsolutePath();
    Files.createDirectories(folder);
    OutputFile.write(folder.resolve(MemoryImage.FILE_NAME), image::writeMemory);
    OutputFile.print(folder.resolve(MANIFEST), manifest::appendTo);
  }
}
