package org.pagewright.hardware.image;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Control;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.TableScanner;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.paging.Walker;

/** Simulated RAM with page tables in it, and the registers to walk them with. */
public final class MemoryImage implements AutoCloseable {
  /** File name of the raw memory beside the manifest. */
  public static final String FILE_NAME = "mem.img";

  private static final int UNMAPPED_MAX = 96;
  private static final int CHUNK_BYTES = 1 << 16;

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final PagingRegisters registers;
  private final long base;
  private final long end;
  private final long root;
  private final long root1;
  private final boolean smep;

  /** Takes over memory whose tables lie in {@code [base, end)}. */
  MemoryImage(
      PhysicalMemory memory,
      PteFormat format,
      long base,
      long end,
      long root,
      long root1,
      Choices choices) {
    this.memory = memory;
    this.format = format;
    this.base = base;
    this.end = end;
    this.root = root;
    this.root1 = root1;
    this.registers = new PagingRegisters(format);
    this.smep = format.architecture() == Architecture.X86 && choices.flip("smep");
    if (smep) {
      registers.set(Control.SMEP, true);
    }
    boolean isLoaded = new Walker(memory, format).loadRoot(registers, root);
    if (!isLoaded) {
      throw new IllegalStateException("the root of the image cannot be loaded");
    }
    if (root1 != Manifest.NO_ROOT) {
      registers.setRoot1(root1);
    }
  }

  public PteFormat format() {
    return format;
  }

  public PhysicalMemory memory() {
    return memory;
  }

  /** The registers of a CPU that runs on these tables. */
  public PagingRegisters registers() {
    return registers;
  }

  /** Writes the raw memory from the base to the last table. */
  public void writeMemory(OutputStream out) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    for (long pa = base; pa < end; pa += CHUNK_BYTES) {
      int bytes = (int) Math.min(CHUNK_BYTES, end - pa);
      for (int i = 0; i < bytes; i++) {
        chunk[i] = memory.readByte(pa + i);
      }
      out.write(chunk, 0, bytes);
    }
  }

  /** Reads back from the tables what is mapped with which rights. */
  public Manifest manifest() {
    Collector collector = new Collector();
    TableScanner.scan(memory, registers, TableScanner.Merge.BY_ADDRESS, collector);
    if (root1 != Manifest.NO_ROOT) {
      TableScanner.scan(memory, registers, /* root= */ 1, TableScanner.Merge.BY_ADDRESS, collector);
    }
    int dash = format.name().indexOf('-');
    String arch = dash < 0 ? format.name() : format.name().substring(0, dash);
    String mode = dash < 0 ? "" : format.name().substring(dash + 1);
    return new Manifest(
        arch,
        mode,
        FILE_NAME,
        base,
        root,
        root1,
        options(),
        collector.merged(),
        collector.unmapped,
        /* complete= */ true);
  }

  private Map<String, Object> options() {
    Map<String, Object> options = new TreeMap<>();
    switch (format.architecture()) {
      case X86 -> {
        options.put("smep", smep);
        options.put("smap", false);
        options.put("wp", true);
        options.put("nxe", true);
        options.put("pkru", 0);
        options.put("pkrs", 0);
      }
      case ARM64 -> {
        options.put("t0sz", Long.SIZE - registers.inputBits());
        options.put("t1sz", Long.SIZE - registers.inputBits1());
        options.put("pan", false);
      }
      case RISCV -> {
        options.put("sum", false);
        options.put("mxr", false);
      }
      default -> {}
    }
    return options;
  }

  /** Turns runs into mappings with the rights that accesses really have. */
  private final class Collector implements TableScanner.Sink {
    private final List<Mapping> mappings = new ArrayList<>();
    final List<Long> unmapped = new ArrayList<>();

    @Override
    public void run(long va, long bytes, int level, long first, long entry) {
      String kernel = letters(first, /* mode= */ 0);
      String user = letters(first, Access.USER);
      if (!kernel.isEmpty() || !user.isEmpty()) {
        mappings.add(new Mapping(va, Translation.pagePa(first), bytes, kernel, user));
      } else if (unmapped.size() < UNMAPPED_MAX) {
        unmapped.add(va);
      }
    }

    @Override
    public void hole(long va, long bytes, int level, long fault) {
      if (unmapped.size() < UNMAPPED_MAX) {
        unmapped.add(va);
        unmapped.add(va + bytes - 1);
      }
    }

    private String letters(long translation, int mode) {
      return letter(translation, Access.READ | mode, "r")
          + letter(translation, Access.WRITE | mode, "w")
          + letter(translation, Access.EXECUTE | mode, "x");
    }

    private String letter(long translation, int access, String letter) {
      long checked = Walker.check(registers, translation, access);
      return Translation.isFault(checked) ? "" : letter;
    }

    List<Mapping> merged() {
      List<Mapping> merged = new ArrayList<>();
      for (Mapping next : mappings) {
        int last = merged.size() - 1;
        if (last >= 0 && merged.get(last).isContinuedBy(next)) {
          merged.set(last, merged.get(last).plus(next));
        } else {
          merged.add(next);
        }
      }
      return merged;
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
