package org.pagewright.check.mmlocal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.mm.MmEvent;

/**
 * A descriptor table holds what its process wrote, and nothing else.
 *
 * <p>Property: a loaded table differs from the one that the process had before, an empty one at
 * first, in no more entries than were written since; behind its last entry its pages hold zeros.
 * Sees: tables that are installed and loaded, memory. Checked: when one is loaded. Does not check:
 * kernels without isolation, whose LDTR has an address of the direct map; what a write was to
 * write.
 */
final class LdtContents extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED, MmEvent.MM_EXIT, MmEvent.LDT_INSTALLED, MmEvent.LDT_LOADED);

  private static final long NO_ENTRIES = 0;

  private final Machine machine;

  /** Kernel roots of the address spaces, by context. */
  private final Map<Long, Long> roots = new HashMap<>();

  /** Entries of the table that each address space loaded last. */
  private final Map<Long, long[]> tables = new HashMap<>();

  /** Writes of each address space since then. */
  private final Map<Long, Integer> writes = new HashMap<>();

  LdtContents(WatchedKernel kernel, List<Violation> violations) {
    super("ldt-contents", KINDS, violations);
    this.machine = kernel.machine();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> roots.put(a, b);
      case MmEvent.MM_EXIT -> {
        roots.remove(a);
        tables.remove(a);
        writes.remove(a);
      }
      case MmEvent.LDT_INSTALLED -> writes.merge(a, 1, Integer::sum);
      case MmEvent.LDT_LOADED -> {
        Long rootPa = roots.get(a);
        if (rootPa != null && b != 0 && c != NO_ENTRIES) {
          long[] words = read(rootPa, b, c);
          if (words.length > 0) {
            compare(cpu, a, words, (int) (c / Long.BYTES));
          }
        }
      }
      default -> {}
    }
  }

  private void compare(int cpu, long context, long[] words, int entries) {
    for (int i = entries; i < words.length; i++) {
      if (words[i] != 0) {
        violated(
            cpu,
            "the table of address space %d has %d entries, and something in word %d"
                .formatted(context, entries, i));
        return;
      }
    }
    compareEntries(cpu, context, Arrays.copyOf(words, entries));
  }

  private void compareEntries(int cpu, long context, long[] found) {
    int written = writes.getOrDefault(context, 0);
    long[] before = tables.get(context);
    boolean isCopied = before == null && written == 0;
    long[] wanted = Arrays.copyOf(before == null ? new long[0] : before, found.length);
    int different = 0;
    for (int i = 0; i < found.length; i++) {
      different += found[i] == wanted[i] ? 0 : 1;
    }
    if (different > written && !isCopied) {
      violated(
          cpu,
          "%d entries of the table of address space %d changed, %d were written"
              .formatted(different, context, written));
    }
    tables.put(context, found);
    writes.remove(context);
  }

  /** All words of the pages of a table; none where nothing leads, as ldt-reachable says. */
  private long[] read(long rootPa, long va, long bytes) {
    long pageBytes = machine.format().pageBytes();
    long[] words = new long[(int) ((bytes + pageBytes - 1) / pageBytes * pageBytes / Long.BYTES)];
    PagingRegisters registers = new PagingRegisters(machine.format());
    boolean isLoaded = machine.walker().loadRoot(registers, rootPa);
    assert isLoaded : Long.toHexString(rootPa);
    for (int i = 0; i < words.length; i++) {
      long at = va + (long) i * Long.BYTES;
      long translation = machine.walker().walk(registers, at);
      if (Translation.isFault(translation)) {
        return new long[0];
      }
      words[i] = machine.memory().read(Translation.pa(translation, at));
    }
    return words;
  }
}
