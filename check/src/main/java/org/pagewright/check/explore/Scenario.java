package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.pagewright.check.explore.Operation.Needs;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.secret.SecretmemConfig.Backing;

/**
 * Who does what: operations for each CPU, in order, on a kernel of a kind.
 *
 * @param name in kebab-case
 * @param what one sentence for lists: the hazard, not the steps
 * @param backing how the pages of the secret file are kept out of the direct map
 * @param isolation whether page-table isolation (PTI) is on
 * @param programs element n is what CPU n does
 */
public record Scenario(
    String name, String what, Backing backing, boolean isolation, List<List<Operation>> programs) {
  /** Most operations of a CPU: larger work is for generators. */
  public static final int OPERATIONS_MAX = 12;

  /** Most CPUs of a scenario. */
  public static final int CPUS_MAX = 4;

  public Scenario {
    if (!name.matches("[a-z0-9]+(-[a-z0-9]+)*")) {
      throw new IllegalArgumentException(
          "name '" + name + "'; expected words like unmap-then-reuse");
    }
    if (programs.isEmpty() || programs.size() > CPUS_MAX) {
      throw new IllegalArgumentException(
          programs.size() + " CPUs; expected programs for 1 to " + CPUS_MAX);
    }
    for (List<Operation> program : programs) {
      if (program.size() > OPERATIONS_MAX) {
        throw new IllegalArgumentException(
            program.size() + " operations of a CPU; expected at most " + OPERATIONS_MAX);
      }
    }
    programs = programs.stream().map(List::copyOf).toList();
    requireOneKernel(programs, backing);
  }

  /** Processes of a small kernel have user memory or an mm-local region. */
  private static void requireOneKernel(List<List<Operation>> programs, Backing backing) {
    String ofMemory = first(programs, Needs.MEMORY);
    String ofProcess = isPooled(backing) ? "a pooled file" : first(programs, Needs.PROCESS);
    if (!ofMemory.isEmpty() && !ofProcess.isEmpty()) {
      throw new IllegalArgumentException(
          "'"
              + ofMemory
              + "' with "
              + ofProcess
              + "; expected either user memory ("
              + names(Needs.MEMORY)
              + ") or one of "
              + names(Needs.PROCESS)
              + " and pooled files");
    }
  }

  private static String first(List<List<Operation>> programs, Needs needs) {
    return programs.stream()
        .flatMap(List::stream)
        .filter(operation -> operation.needs() == needs)
        .map(Operation::text)
        .findFirst()
        .orElse("");
  }

  private static String names(Needs needs) {
    return String.join(
        ", ",
        Operation.verbs().stream()
            .filter(verb -> verb.needs() == needs)
            .map(Operation.Verb::name)
            .toList());
  }

  private static boolean isPooled(Backing backing) {
    return backing == Backing.POOLED || backing == Backing.CACHE_FAST;
  }

  /** On a file whose pages are removed one by one, without isolation. */
  public Scenario(String name, String what, List<List<Operation>> programs) {
    this(name, what, Backing.REMOVE_EACH, /* isolation= */ false, programs);
  }

  /** The same from one text per CPU, operations separated by semicolons. */
  public static Scenario of(String name, String what, String... programs) {
    return new Scenario(name, what, Arrays.stream(programs).map(Scenario::program).toList());
  }

  private static List<Operation> program(String text) {
    return Arrays.stream(text.split(";", -1)).map(Operation::parse).toList();
  }

  /** The same with another kind of secret file. */
  public Scenario with(Backing other) {
    return new Scenario(name, what, other, isolation, programs);
  }

  /** The same with page-table isolation. */
  public Scenario isolated() {
    return new Scenario(name, what, backing, /* isolation= */ true, programs);
  }

  /** How many operations all CPUs do together. */
  public int operations() {
    return programs.stream().mapToInt(List::size).sum();
  }

  /** What it needs of a kernel with this format. */
  public SmallKernel.Options options(PteFormat format) {
    boolean hasProcess = isPooled(backing) || !first(programs, Needs.PROCESS).isEmpty();
    boolean hasMemory = !first(programs, Needs.MEMORY).isEmpty();
    int cpus = Math.max(2, programs.size());
    return new SmallKernel.Options(format, cpus, backing, isolation, hasProcess, hasMemory);
  }

  /** Whether a kernel with this format can do it. */
  public boolean fits(PteFormat format) {
    return SmallKernel.isPossible(options(format));
  }

  /** To be run on small kernels with this format. */
  public Trial<SmallKernel> on(PteFormat format) {
    return on(() -> new SmallKernel(options(format), SmallKernel.FileMaker.sound(backing)));
  }

  /** To be run on worlds of a kind. */
  public Trial<SmallKernel> on(Supplier<SmallKernel> worlds) {
    List<List<Act<SmallKernel>>> acts = new ArrayList<>();
    programs.forEach(program -> acts.add(List.copyOf(program)));
    return new Trial<>(worlds, acts);
  }

  private static final List<Scenario> ALL =
      List.of(
          of(
              "secretmem-double-fault",
              "Two CPUs touch the same page of a secret file.",
              "fault 5",
              "fault 5"),
          of(
              "secretmem-fault-and-allocate",
              "A page of a secret file comes and goes while another CPU takes and returns frames.",
              "fault 5; truncate",
              "allocate; allocate; free"),
          of(
              "secretmem-neighbours",
              "Two CPUs touch different pages of one secret file.",
              "fault 5",
              "fault 6"),
          of(
              "secretmem-fault-during-truncate",
              "A page of a secret file is touched while all pages go.",
              "fault 1; truncate",
              "fault 1"),
          of(
              "secretmem-reuses-frames",
              "A secret file gets frames that the kernel used, and gives them back to it.",
              "allocate; free; fault 5; truncate; fault 5",
              "allocate; free"),
          of(
                  "pooled-double-fault",
                  "Two CPUs touch the same page of a file whose pages come from the unmapped pool.",
                  "fault 5; truncate",
                  "fault 5")
              .with(Backing.CACHE_FAST),
          of(
              "unmapped-pool-grows",
              "Two CPUs need unmapped memory when there is none yet.",
              "allocate-unmapped; free",
              "allocate-unmapped; free"),
          of(
              "direct-map-split-meets-split",
              "Two CPUs remove pages below the same large leaf of the direct map.",
              "allocate; hide; show; free",
              "allocate; hide"),
          of(
              "mermap-on-two-cpus",
              "Two threads of a process map pages for themselves at the same time.",
              "mermap-get 2; mermap-put",
              "mermap-get; mermap-put"),
          of(
              "mermap-window-wraps",
              "A thread maps more pages, one after the other, than its window has addresses.",
              "mermap-get 200; mermap-get 200; mermap-put; mermap-get 200; mermap-put",
              "mermap-get; mermap-put"),
          of(
                  "pooled-file-of-two-processes",
                  "Two processes use a file whose pages come from the unmapped pool; all pages go.",
                  "fault 1",
                  "start; fault 2; truncate")
              .with(Backing.CACHE_FAST),
          of(
              "mermap-user-exits",
              "A process ends on one CPU while another one of its threads maps a page.",
              "mermap-get; mermap-put; exit",
              "mermap-get; exit"),
          of(
                  "ldt-write-meets-write",
                  "Two threads of an isolated process write its LDT.",
                  "write-ldt 3",
                  "write-ldt 600")
              .isolated(),
          of(
              "ldt-owner-exits",
              "Two processes end at once; one of them has an LDT.",
              "write-ldt 3; exit",
              "idle; start; exit"),
          of(
                  "ldt-used-while-written",
                  "A CPU uses the LDT of its process while another one exchanges it.",
                  "write-ldt 3; use-ldt; write-ldt 600; use-ldt",
                  "use-ldt; exit")
              .isolated(),
          of(
                  "ldt-of-a-forked-process",
                  "A child gets a copy of the LDT, which its parent then writes.",
                  "write-ldt 3; copy-process; write-ldt 600; use-ldt; exit",
                  "exit")
              .isolated(),
          of(
                  "isolated-touch-meets-munmap",
                  "With page-table isolation a thread uses pages that another one unmaps.",
                  "write 3; munmap; touch 3",
                  "write 3; touch 3")
              .isolated(),
          of(
              "unmapped-blocks-of-all-sizes",
              "Blocks of unmapped memory are larger than pageblocks, and smaller.",
              "allocate-unmapped 10; free; allocate-unmapped 9; allocate-unmapped; free; free",
              "allocate 10; free"),
          of(
              "touch-meets-munmap",
              "A thread reads a page that another one unmaps.",
              "write 3; touch 3",
              "munmap"),
          of(
              "two-first-touches",
              "Two threads touch a page that is not there yet.",
              "write 3",
              "write 3"),
          of(
              "pin-meets-munmap",
              "A page is pinned without locks while its tables go.",
              "write 3; pin 3",
              "munmap"),
          of(
              "write-meets-mprotect",
              "A thread writes pages that another one makes read-only.",
              "write 3; write 3",
              "mprotect-read"),
          of(
              "write-meets-fork",
              "A thread writes while another one forks.",
              "write 3; write 3",
              "fork"),
          of(
              "write-meets-reclaim",
              "A thread writes a page of a file that is taken away.",
              "write-shared 3; write-shared 3",
              "reclaim-shared 3"),
          of(
              "tables-go-while-cpu-sleeps",
              "Tables go while another CPU runs a kernel thread on them.",
              "write 3; sleep",
              "munmap"),
          of(
              "lazy-cpu-comes-back",
              "A thread wakes on a CPU that ran a kernel thread while its page went.",
              "write 3; sleep; touch 3",
              "madvise-dontneed"),
          of(
              "empty-tables-go",
              "Tables that are empty already go while another CPU uses their addresses.",
              "write 3; madvise-dontneed; munmap",
              "write 3"),
          of(
              "emptied-table-is-reclaimed",
              "A table that was just emptied goes while another thread fills it.",
              "write-huge 1; split-huge 2; dontneed-huge",
              "write-huge 3"),
          of(
              "child-writes-what-it-got",
              "A child and a thread of its parent write the page that they share.",
              "fork-write 3",
              "write 3"),
          of(
              "dontneed-meets-dontneed",
              "Two threads drop the same pages, one of which is written meanwhile.",
              "write 3; madvise-dontneed",
              "madvise-dontneed; touch 3"),
          of(
              "free-meets-write",
              "A page that the kernel may drop is written.",
              "write 3; write 3",
              "madvise-free"),
          of(
              "write-meets-mremap",
              "A thread writes a page that moves to another address.",
              "write 3; write 3",
              "mremap 3"),
          of(
              "migration-meets-fork",
              "A page moves to another frame while a child gets a copy.",
              "write 3; migrate 3",
              "fork-write 3"),
          of(
              "migration-meets-pin",
              "A page moves to another frame while the kernel pins it.",
              "pin-long 3",
              "write 3; migrate 3"),
          of(
              "migration-meets-mprotect",
              "A page moves to another frame while it is made read-only.",
              "write 3; migrate 3; write 3",
              "mprotect-read"),
          of(
              "huge-page-splits",
              "A huge page is split and joined while another thread writes it.",
              "write-huge 1; split-huge 2; collapse-huge",
              "write-huge 3"),
          of(
              "huge-page-goes",
              "A huge page goes while another thread writes it.",
              "write-huge 1; dontneed-huge",
              "write-huge 3"),
          of(
              "huge-page-of-two",
              "A child gets a copy of a huge page while a thread of its parent writes it.",
              "write-huge 1; fork",
              "write-huge 3"));

  /** The scenarios that come with Pagewright. */
  public static List<Scenario> all() {
    return ALL;
  }

  /** The scenario that comes with Pagewright under this name. */
  public static Scenario named(String name) {
    return ALL.stream()
        .filter(scenario -> scenario.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no scenario " + name));
  }
}
