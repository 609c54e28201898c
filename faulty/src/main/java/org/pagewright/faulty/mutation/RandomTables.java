package org.pagewright.faulty.mutation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * Ranges that are mapped and unmapped as chance says, beside a map that says where each page should
 * lead; the hardware's walker is asked.
 */
final class RandomTables {
  private static final String ORACLE = "ranges-as-asked";

  /** Lowest tables between the first and the last address. */
  private static final int TABLES = 5;

  private static final int TABLES_AT_ONCE = 3;
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.GLOBAL;

  private final KernelMachine kernel;
  private final Machine machine;
  private final Choices choices;
  private final Cpu cpu;
  private final long pageBytes;
  private final long tableBytes;
  private final long base;

  /** Physical addresses by page of the range. */
  private final Map<Long, Long> expected = new TreeMap<>();

  private RandomTables(KernelMachine kernel, long seed) {
    this.kernel = kernel;
    this.machine = kernel.machine();
    this.choices = new SeededChoices(seed);
    this.cpu = kernel.cpu(0);
    this.pageBytes = machine.format().pageBytes();
    this.tableBytes = machine.format().levelBytes(2);
    this.base = (kernel.layout().vmallocBase() + tableBytes) & -tableBytes;
  }

  /** So many acts. */
  static List<Violation> run(String format, int acts, long seed) {
    List<Violation> found = new ArrayList<>();
    KernelConfig config = KernelConfig.bare(MachineConfig.small(PteFormat.named(format)));
    try (KernelMachine kernel = KernelMachine.boot(config)) {
      RandomTables world = new RandomTables(kernel, seed);
      for (int i = 0; i < acts && found.isEmpty(); i++) {
        world.act();
        world.compare(found);
      }
      world.clear();
      world.compare(found);
      return found;
    }
  }

  private long pages() {
    return tableBytes / pageBytes;
  }

  /** Half of the places are those of whole tables. */
  private long place(long most, String why) {
    long pages = 1L + choices.pick((int) (most * pages()), why);
    return choices.flip("whole") ? Math.ceilDiv(pages, pages()) * pages() : pages;
  }

  private void act() {
    long page = place(TABLES, "first page") - 1;
    page = choices.flip("at a boundary") ? page / pages() * pages() : page;
    long count = Math.min(place(TABLES_AT_ONCE, "pages"), TABLES * pages() - page);
    if (choices.pick(3, "unmap") == 0) {
      unmap(page / pages() * pages(), Math.ceilDiv(count, pages()) * pages());
      return;
    }
    unmap(page / pages() * pages(), Math.ceilDiv(page % pages() + count, pages()) * pages());
    long pa = choices.flip("alike") ? 0 : place(TABLES, "frame") * pageBytes;
    PageTables tables = kernel.tables();
    PageRange range = new PageRange(base + page * pageBytes, pa, count * pageBytes);
    int largest = 1 + choices.pick(2, "largest leaf");
    long mapped = tables.map(cpu, kernel.rootPa(), range, RIGHTS, largest, kernel.tablePages());
    for (long i = 0; i < mapped / pageBytes; i++) {
      expected.put(page + i, pa + i * pageBytes);
    }
  }

  /** Whole tables, so that no leaf is cut; sometimes the tables go as well. */
  private void unmap(long page, long count) {
    long va = base + page * pageBytes;
    long bytes = Math.min(count, TABLES * pages() - page) * pageBytes;
    kernel.tables().unmap(cpu, kernel.rootPa(), va, bytes);
    kernel.shootdown().flushKernelRange(cpu, va, va + bytes);
    for (long i = 0; i < bytes / pageBytes; i++) {
      expected.remove(page + i);
    }
    if (choices.flip("free tables")) {
      int top = machine.format().topLevel();
      kernel.tables().freeTables(cpu, kernel.rootPa(), va, bytes, top, kernel.tablePages());
    }
  }

  private void clear() {
    unmap(0, TABLES * pages());
  }

  private void compare(List<Violation> found) {
    for (long page = 0; page < TABLES * pages() && found.isEmpty(); page++) {
      long va = base + page * pageBytes;
      long walked = machine.walker().walk(cpu.registers(), va);
      long wanted = expected.getOrDefault(page, -1L);
      long pa = Translation.isFault(walked) ? -1 : Translation.pa(walked, va);
      if (pa != wanted) {
        String what = "0x%x leads to 0x%x; expected 0x%x".formatted(va, pa, wanted);
        found.add(new Violation(ORACLE, cpu.id(), what));
      }
    }
  }
}
