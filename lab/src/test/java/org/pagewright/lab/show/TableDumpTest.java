package org.pagewright.lab.show;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.image.ImageScenario;
import org.pagewright.hardware.image.MemoryImage;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.OutputFile;

class TableDumpTest {

  private static String kernelDump(String format) {
    MachineConfig machine =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(1L << 30));
    try (Machine booted = new Machine(machine)) {
      EarlyKernel kernel = new EarlyKernel(KernelConfig.of(machine), booted);
      return TableDump.of(booted.memory(), kernel.machine().cpu(0).registers());
    }
  }

  @Test
  void kernelOfX86_isWrittenAsItsOwnDumpDoes() {
    assertThat(kernelDump("x86_64-4level"))
        .startsWith("---[ User Space ]---\n")
        .contains("---[ Kernel Space ]---\n")
        .contains(
            "0xffff888000000000-0xffff888040000000           1G     RW         PSE     GLB NX"
                + " pud\n");
  }

  @Test
  void kernelOfArm64_isWrittenAsItsOwnDumpDoes() {
    assertThat(kernelDump("aarch64-4k")).contains(" BLK UXN    MEM/NORMAL\n").contains("RW NX");
  }

  private static void write(Path folder, MemoryImage image) throws IOException {
    OutputFile.write(folder.resolve(MemoryImage.FILE_NAME), image::writeMemory);
    OutputFile.print(folder.resolve("manifest.json"), image.manifest()::appendTo);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86_64-4level",
        "x86_64-5level",
        "x86_64-pae",
        "riscv64-sv39",
        "riscv64-sv57",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k"
      })
  void imageFolder_readBack_mapsTheSame(String format, @TempDir Path folder) throws IOException {
    try (MemoryImage image =
        ImageScenario.RANDOM.build(PteFormat.named(format), new SeededChoices(3))) {
      write(folder, image);
      try (ImageFolder read = ImageFolder.open(folder)) {
        assertThat(TableDump.of(read.memory(), read.registers()))
            .isEqualTo(TableDump.of(image.memory(), image.registers()))
            .contains("0x");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"arch\": \"x86_64\"",
        "{\"arch\": \"z80\", \"mode\": \"4level\"}",
        "{\"arch\": \"x86_64\", \"mode\": \"4level\", \"base\": 7}",
        "{\"arch\": \"x86_64\", \"mode\": \"4level\", \"base\": \"0xg\", \"image\": \"mem.img\"}",
        "{\"arch\": \"x86_64\", \"mode\": \"4level\", \"base\": \"0x0\", \"image\": \"../mem\"}",
        "{\"arch\": \"x86_64\", \"mode\": \"4level\", \"base\": \"0x800\", \"image\":"
            + " \"mem.img\"}"
      })
  void manifest_thatMakesNoSense_isRefusedByName(String text, @TempDir Path folder)
      throws IOException {
    Files.write(folder.resolve("mem.img"), new byte[4096]);
    Files.writeString(folder.resolve("manifest.json"), text);

    assertThatThrownBy(() -> ImageFolder.open(folder))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("manifest.json")
        .hasMessageContaining("expected");
  }
}
