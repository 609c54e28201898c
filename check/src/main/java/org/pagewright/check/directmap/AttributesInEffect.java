package org.pagewright.check.directmap;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.AttributeChange;

/**
 * A change of attributes that succeeded has happened, everywhere.
 *
 * <p>Property: when {@code set_memory_*} or {@code set_direct_map_*} has answered 0, every page of
 * the range is as was asked, no page came or went otherwise, nor got rights that were not asked
 * for; a page that is put back is global if it was, but for x86, where most versions do not bring
 * that back; what was made read-only is not writable through the direct map either; and unless the
 * caller is to flush, no CPU translates a page of the range to another frame, or with more rights,
 * than the tables do. The same of a pageblock that has left the direct map. Sees: changes, entries
 * written, the tables, translation caches. Checked: at the end of each. Does not check: changes
 * during which another CPU wrote an entry; changes that failed; rights that were asked for and that
 * static protections forbid; the direct map where an architecture leaves it.
 */
final class AttributesInEffect extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.ATTRIBUTES_CHANGE,
          KernelEvent.ENTRY_WRITE,
          KernelEvent.ATTRIBUTES_CHANGED,
          KernelEvent.BLOCK_UNMAPPED);

  private static final long NONE = -1;

  /** Of a range so many pages are looked at, and the last one. */
  private static final long PAGES_MAX = 512;

  private final Machine machine;
  private final KernelLayout layout;
  private final HeldTranslations held;

  /** The change that each CPU is in, by its number, or {@link #NONE}. */
  private final long[] changes;

  private final boolean[] isDisturbed;

  /** By CPU: rights of the first pages of the range before the change; -1 for an absent page. */
  private final int[][] before;

  /** Of pages that went, by address, whether they were global. */
  private final Map<Long, Boolean> wereGlobal = new HashMap<>();

  AttributesInEffect(WatchedKernel kernel, List<Violation> violations) {
    super("attributes-in-effect", KINDS, violations);
    this.machine = kernel.machine();
    this.layout = kernel.directMap().layout();
    this.held = new HeldTranslations(kernel);
    this.changes = new long[machine.cpus()];
    this.isDisturbed = new boolean[machine.cpus()];
    this.before = new int[machine.cpus()][];
    Arrays.fill(changes, NONE);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.ATTRIBUTES_CHANGE -> {
        changes[cpu] = c;
        isDisturbed[cpu] = false;
        before[cpu] = rights(cpu, a, b);
      }
      case KernelEvent.ENTRY_WRITE -> {
        boolean mine = isDisturbed[cpu];
        Arrays.fill(isDisturbed, true);
        isDisturbed[cpu] = mine;
      }
      case KernelEvent.ATTRIBUTES_CHANGED -> {
        if (c == 0 && changes[cpu] != NONE && !isDisturbed[cpu]) {
          compare(cpu, AttributeChange.of((int) changes[cpu]), a, b);
        }
        changes[cpu] = NONE;
      }
      case KernelEvent.BLOCK_UNMAPPED -> {
        if (!isDisturbed[cpu]) {
          long va = layout.directVa(a << machine.format().pageShift());
          compareHeld(cpu, "a pageblock left the direct map", va, b);
        }
      }
      default -> {}
    }
  }

  private void compare(int cpu, AttributeChange what, long va, long pages) {
    long pageBytes = machine.format().pageBytes();
    for (long i = 0; i < pages; i = i + 1 == PAGES_MAX ? pages - 1 : i + 1) {
      String wrong = wrong(cpu, what, va + i * pageBytes);
      if (wrong != null) {
        violated(cpu, "%s answered 0, but %s".formatted(what.function(), wrong));
        return;
      }
      if (i == pages - 1) {
        break;
      }
    }
    int[] after = rights(cpu, va, pages);
    String other = otherwise(what, before[cpu], after);
    other = other == null ? marked(what, va, before[cpu], after) : other;
    if (other != null) {
      violated(cpu, "%s from 0x%x on: %s".formatted(what.function(), va, other));
    }
    boolean callerFlushes =
        what == AttributeChange.DIRECT_INVALID || what == AttributeChange.DIRECT_DEFAULT;
    if (!callerFlushes) {
      compareHeld(cpu, what.function() + " answered 0", va, pages);
    }
  }

  /** What the first pages of a range allow, -1 for those that are absent. */
  private int[] rights(int cpu, long va, long pages) {
    int[] rights = new int[(int) Math.min(pages, PAGES_MAX)];
    for (int i = 0; i < rights.length; i++) {
      long at = va + i * machine.format().pageBytes();
      long walked = machine.walker().walk(machine.cpu(cpu).registers(), at);
      rights[i] = Translation.isFault(walked) ? -1 : Translation.rights(walked);
    }
    return rights;
  }

  /** What changed although it was not asked for, or null. */
  private static @Nullable String otherwise(AttributeChange what, int[] before, int[] after) {
    int added =
        switch (what) {
          case READ_WRITE -> Rights.KERNEL_WRITE;
          case EXECUTABLE, READ_ONLY_EXECUTABLE -> Rights.KERNEL_EXECUTE;
          case READ_ONLY, NOT_EXECUTABLE, BASE_PAGES, NOT_GLOBAL, GLOBAL -> 0;
          case NOT_PRESENT, NOT_PRESENT_NO_ALIAS, DIRECT_INVALID, PRESENT, DIRECT_DEFAULT -> -1;
        };
    for (int i = 0; i < before.length && added != -1; i++) {
      boolean isPresent = after[i] != -1;
      if (isPresent != (before[i] != -1)) {
        return "page " + i + (isPresent ? " came" : " went");
      }
      if (isPresent && (after[i] & Rights.PERMISSIONS & ~before[i] & ~added) != 0) {
        return "page %d had %s and has %s"
            .formatted(i, Rights.kernelLetters(before[i]), Rights.kernelLetters(after[i]));
      }
    }
    return null;
  }

  /** A page that was put back with another Global mark than it had, or null. */
  private @Nullable String marked(AttributeChange what, long va, int[] old, int[] after) {
    boolean isX86 = machine.format().architecture() == Architecture.X86;
    boolean putsBack = what == AttributeChange.PRESENT || what == AttributeChange.DIRECT_DEFAULT;
    String wrong = null;
    for (int i = 0; i < after.length && !isX86; i++) {
      long page = va + i * machine.format().pageBytes();
      if (old[i] != -1) {
        wereGlobal.put(page, (old[i] & Rights.GLOBAL) != 0);
      }
      boolean isGlobal = (after[i] & Rights.GLOBAL) != 0;
      Boolean wasGlobal = after[i] == -1 ? null : wereGlobal.remove(page);
      if (putsBack && wasGlobal != null && wasGlobal != isGlobal) {
        wrong = "page %d came back %s".formatted(i, isGlobal ? "global" : "not global");
      }
    }
    return wrong;
  }

  private void compareHeld(int cpu, String what, long va, long pages) {
    String stale = held.firstStale(machine.cpu(cpu), va, va + pages * machine.format().pageBytes());
    if (stale != null) {
      violated(cpu, what + ", but " + stale);
    }
  }

  private @Nullable String wrong(int cpu, AttributeChange what, long va) {
    long walked = machine.walker().walk(machine.cpu(cpu).registers(), va);
    boolean isPresent = !Translation.isFault(walked);
    int rights = isPresent ? Translation.rights(walked) : 0;
    boolean isWritable = (rights & Rights.KERNEL_WRITE) != 0;
    boolean isExecutable = (rights & Rights.KERNEL_EXECUTE) != 0;
    boolean isGlobal = (rights & Rights.GLOBAL) != 0;
    boolean isRight =
        switch (what) {
          case READ_ONLY, READ_ONLY_EXECUTABLE -> !isWritable;
          case READ_WRITE -> isWritable || !isPresent || !layout.inVmalloc(va);
          case EXECUTABLE -> isExecutable || !isPresent;
          case NOT_EXECUTABLE -> !isExecutable;
          case NOT_PRESENT, NOT_PRESENT_NO_ALIAS, DIRECT_INVALID -> !isPresent;
          case PRESENT -> isPresent;
          case DIRECT_DEFAULT -> isPresent && isWritable;
          case NOT_GLOBAL -> !isGlobal;
          case GLOBAL -> isGlobal || !isPresent;
          case BASE_PAGES -> !isPresent || pageShift(walked) == machine.format().pageShift();
        };
    if (!isRight) {
      return "0x%x is %s".formatted(va, isPresent ? Rights.kernelLetters(rights) : "absent");
    }
    boolean isReadOnly =
        what == AttributeChange.READ_ONLY || what == AttributeChange.READ_ONLY_EXECUTABLE;
    return isReadOnly && isPresent && layout.inVmalloc(va) ? writableAlias(cpu, walked, va) : null;
  }

  private static int pageShift(long translation) {
    return Translation.pageShift(translation);
  }

  private @Nullable String writableAlias(int cpu, long translation, long va) {
    long alias = layout.directVa(Translation.pa(translation, va));
    long walked = machine.walker().walk(machine.cpu(cpu).registers(), alias);
    boolean isWritable =
        !Translation.isFault(walked) && (Translation.rights(walked) & Rights.KERNEL_WRITE) != 0;
    return isWritable ? "0x%x can be written at 0x%x".formatted(va, alias) : null;
  }
}
