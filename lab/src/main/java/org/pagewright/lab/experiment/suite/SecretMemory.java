package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.secret.PoolRequest;
import org.pagewright.kernel.secret.Secretmem;
import org.pagewright.kernel.secret.SecretmemConfig;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Values;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Finding;

/** Secret memory of one process, taken file by file until there is no more or enough. */
final class SecretMemory {

  private static final long PAGE_BYTES = 4096;

  /** What one file holds: 128 MiB, the chunk size of the benchmark. */
  private static final long FILE_PAGES = (128L << 20) / PAGE_BYTES;

  private static final List<Variant> VARIANTS =
      List.of(
          new Variant("mainline", "Linux 5.14 to 7.3: each fault removes its page", true),
          new Variant("v2", "zeroed pages of unmapped pageblocks, by GFP bit", true),
          new Variant("v4", "the page cache takes unmapped pages and clears them", true),
          new Variant("v4-slow", "v4 without a mermap: the page cache removes each page", false));

  /** RAM of the machine: what a benchmark takes to its end should not be large. */
  static final Parameter MEMORY =
      Parameter.bytes("memory", "2G", 256L << 20, 256L << 30, "RAM of the machine");

  /** CPUs of the machine. */
  static final Parameter CPUS =
      Parameter.count("cpus", 0, 0, 1024, "logical CPUs online, 0 for as the machine has");

  /** What every experiment on secret memory must tell its readers. */
  static final List<Finding> NOTES =
      List.of(
          new Finding(
              Finding.Level.NOTE,
              "nothing is reclaimed, compacted or swapped here: what is taken stays where it is"));

  private final SimulatedHost host;
  private final Secretmem secretmem;
  private final List<Secretmem.File> files = new ArrayList<>();
  private long pages;

  SecretMemory(SimulatedHost host, Variant variant) {
    SecretmemConfig config = SecretmemConfig.named(variant.name());
    PoolRequest request =
        config.backing() == SecretmemConfig.Backing.POOLED
            ? PoolRequest.GFP_BIT
            : PoolRequest.ALLOC_FLAG;
    this.host = host;
    this.secretmem = new Secretmem(host.secretPages(request), config);
  }

  /** The designs of secret memory that experiments compare. */
  static List<Variant> variants() {
    return VARIANTS;
  }

  /** Boots the machine of {@code trial} with the memory and CPUs that its values ask for. */
  static SimulatedHost boot(Trial trial) {
    Values values = trial.values();
    MachineFile machine = trial.machine().withMemoryBytes(values.number(MEMORY.name()));
    int cpus = (int) values.number(CPUS.name());
    SimulatedHost host = SimulatedHost.boot(trial.on(machine), cpus, MermapConfig.V2);
    host.takePages();
    return host;
  }

  /** Touches pages until {@code bytes} are there or one cannot be had; answers the bytes. */
  long take(long bytes) {
    Cpu cpu = host.cpu();
    while (pages < bytes / PAGE_BYTES) {
      long index = pages % FILE_PAGES;
      if (index == 0 && !openFile(cpu)) {
        break;
      }
      if (files.getLast().fault(cpu, index) < 0) {
        break;
      }
      pages++;
    }
    return pages * PAGE_BYTES;
  }

  private boolean openFile(Cpu cpu) {
    Secretmem.File file = secretmem.create(cpu, 0);
    if (file == null || file.truncate(cpu, FILE_PAGES * PAGE_BYTES) != 0) {
      return false;
    }
    return files.add(file);
  }
}
