package org.pagewright.check.explore;

import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.pagewright.hardware.cpu.Cpu;

/**
 * One thing that a CPU does on the small kernel, as one word and at most one number.
 *
 * @param text as written and printed, such as {@code fault 5}
 * @param body what it does; it must do the same each time
 * @param needs what the CPUs must run
 */
public record Operation(String text, Act.Body<SmallKernel> body, Needs needs)
    implements Act<SmallKernel> {

  /** What an operation needs of a kernel. */
  public enum Needs {
    /** Nothing: kernel code on its own. */
    KERNEL,
    /** Threads of a process with an mm-local region. */
    PROCESS,
    /** Threads of a process with user memory. */
    MEMORY
  }

  /**
   * A kind of operation.
   *
   * @param parameter what the number is, or empty where there is none
   * @param least smallest number, which is also meant where none is written
   * @param most largest number
   * @param what it does, in a sentence
   */
  public record Verb(
      String name,
      String parameter,
      long least,
      long most,
      String what,
      Needs needs,
      LongFunction<Act.Body<SmallKernel>> bodies) {

    /** As in {@code allocate [ORDER]}. */
    public String synopsis() {
      return parameter.isEmpty() ? name : name + " [" + parameter + "]";
    }
  }

  private static final long INDEX_MAX = 63;
  private static final long ORDER_MAX = 10;
  private static final long MAPPING_MAX = 256;
  private static final long LDT_MAX = 8191;

  private static final List<Verb> MEMORY_VERBS =
      List.of(
          memory(
              "touch",
              "The user reads a page of the process's own 16.",
              page -> (kernel, cpu) -> kernel.user().touch(cpu, page)),
          memory(
              "write",
              "The user writes such a page.",
              page -> (kernel, cpu) -> kernel.user().write(cpu, page)),
          memory(
              "mmap",
              "The pages from this one on are mapped anew, empty.",
              page -> (kernel, cpu) -> kernel.user().mmap(cpu, page)),
          memory(
              "munmap",
              "The pages from this one on are unmapped.",
              page -> (kernel, cpu) -> kernel.user().munmap(cpu, page)),
          memory(
              "mprotect-read",
              "They may only be read.",
              page -> (kernel, cpu) -> kernel.user().protect(cpu, page, /* isWritable= */ false)),
          memory(
              "mprotect-write",
              "They may be written again.",
              page -> (kernel, cpu) -> kernel.user().protect(cpu, page, /* isWritable= */ true)),
          memory(
              "madvise-dontneed",
              "They lose what is in them.",
              page -> (kernel, cpu) -> kernel.user().dontNeed(cpu, page)),
          memory(
              "madvise-free",
              "The kernel may drop them when memory is short.",
              page -> (kernel, cpu) -> kernel.user().free(cpu, page)),
          memory(
              "mremap",
              "The page moves to another address and back.",
              page -> (kernel, cpu) -> kernel.user().mremap(cpu, page)),
          memory(
              "migrate",
              "The page goes to another frame.",
              page -> (kernel, cpu) -> kernel.user().migrate(cpu, page)),
          memory(
              "pin-long",
              "The kernel takes a reference on the page without locks, and keeps it.",
              page -> (kernel, cpu) -> kernel.user().pinLong(cpu, page)),
          user("unpin", "It drops the last one.", (kernel, cpu) -> kernel.user().unpin(cpu)),
          memory(
              "pin",
              "The kernel takes a reference on the page without locks, and drops it.",
              page -> (kernel, cpu) -> kernel.user().pin(cpu, page)),
          memory(
              "write-shared",
              "The user writes a page of the 16 of a file that it shares.",
              page -> (kernel, cpu) -> kernel.user().writeShared(cpu, page)),
          memory(
              "reclaim-shared",
              "The kernel takes that page away from all who map it.",
              page -> (kernel, cpu) -> kernel.user().reclaimShared(cpu, page)),
          memory(
              "truncate-shared",
              "All pages of that file from this one on go.",
              page -> (kernel, cpu) -> kernel.user().truncateShared(cpu, page)),
          memory(
              "write-huge",
              "The user writes one of the small pages of a huge one.",
              page -> (kernel, cpu) -> kernel.user().writeHuge(cpu, page)),
          memory(
              "split-huge",
              "That small page may only be read for a while, and is mapped by itself.",
              page -> (kernel, cpu) -> kernel.user().splitHuge(cpu, page)),
          user(
              "collapse-huge",
              "The pieces of the huge page are joined.",
              (kernel, cpu) -> kernel.user().collapseHuge(cpu)),
          user(
              "dontneed-huge",
              "The huge page loses what is in it.",
              (kernel, cpu) -> kernel.user().dontNeedHuge(cpu)),
          user(
              "sleep",
              "A kernel thread runs on this CPU until its user does something again.",
              (kernel, cpu) -> kernel.user().sleep(cpu)),
          user(
              "fork",
              "A child gets a copy of the process's memory, and ends.",
              (kernel, cpu) -> kernel.user().fork(cpu)),
          memory(
              "fork-write",
              "A child writes the page that it got a copy of, and ends.",
              page -> (kernel, cpu) -> kernel.user().forkWrite(cpu, page)));

  private static final List<Verb> KERNEL_VERBS =
      List.of(
          number(
              "fault",
              "PAGE",
              INDEX_MAX,
              "The user writes to a page of the secret file.",
              page -> (kernel, cpu) -> kernel.fault(cpu, page)),
          number(
              "truncate",
              "PAGE",
              INDEX_MAX,
              "All pages of the secret file from this one on go.",
              page -> (kernel, cpu) -> kernel.truncate(cpu, page)),
          number(
              "allocate",
              "ORDER",
              ORDER_MAX,
              "The kernel takes a block of frames and writes to it.",
              order -> (kernel, cpu) -> kernel.allocate(cpu, (int) order)),
          number(
              "allocate-unmapped",
              "ORDER",
              ORDER_MAX,
              "The kernel takes a block of frames that the direct map lacks.",
              order -> (kernel, cpu) -> kernel.allocateUnmapped(cpu, (int) order)),
          plain("free", "It gives back the block that this CPU took last.", SmallKernel::free),
          plain(
              "hide",
              "The block that this CPU took last leaves the direct map, and all CPUs flush it.",
              SmallKernel::hide),
          plain("show", "That block is back in the direct map.", SmallKernel::show),
          new Verb(
              "mermap-get",
              "PAGES",
              1,
              MAPPING_MAX,
              "This CPU maps pages for itself and reads through the mapping.",
              Needs.PROCESS,
              pages -> (kernel, cpu) -> kernel.mermapGet(cpu, (int) pages)),
          process("mermap-put", "It ends the mapping that it made last.", SmallKernel::mermapPut),
          new Verb(
              "write-ldt",
              "SLOT",
              0,
              LDT_MAX,
              "The process writes an entry of its LDT.",
              Needs.PROCESS,
              slot -> (kernel, cpu) -> kernel.writeLdt(cpu, (int) slot)),
          process(
              "use-ldt",
              "This CPU reads the table that it has loaded, in both modes.",
              SmallKernel::useLdt),
          process(
              "copy-process",
              "A child gets what the process has in its mm-local region, and lives on.",
              SmallKernel::copyProcess),
          process("start", "A new process runs on this CPU.", SmallKernel::start),
          process("idle", "A kernel thread runs on this CPU.", SmallKernel::idle),
          process(
              "exit",
              "This CPU leaves its process, which ends when no other CPU runs it.",
              SmallKernel::exit));

  private static final List<Verb> VERBS =
      Stream.of(KERNEL_VERBS, MEMORY_VERBS).flatMap(List::stream).toList();

  private static Verb memory(String name, String what, LongFunction<Act.Body<SmallKernel>> b) {
    return new Verb(name, "PAGE", 0, SmallUser.PAGES - 1, what, Needs.MEMORY, b);
  }

  private static Verb user(String name, String what, Act.Body<SmallKernel> body) {
    return new Verb(name, "", 0, 0, what, Needs.MEMORY, none -> body);
  }

  private static Verb number(
      String name,
      String parameter,
      long most,
      String what,
      LongFunction<Act.Body<SmallKernel>> b) {
    return new Verb(name, parameter, 0, most, what, Needs.KERNEL, b);
  }

  private static Verb plain(String name, String what, Act.Body<SmallKernel> body) {
    return new Verb(name, "", 0, 0, what, Needs.KERNEL, none -> body);
  }

  private static Verb process(String name, String what, Act.Body<SmallKernel> body) {
    return new Verb(name, "", 0, 0, what, Needs.PROCESS, none -> body);
  }

  /** Every kind of operation. */
  public static List<Verb> verbs() {
    return VERBS;
  }

  /**
   * Reads an operation.
   *
   * @throws IllegalArgumentException with what is wrong and what was expected
   */
  public static Operation parse(String text) {
    String[] words = text.strip().split("\\s+", -1);
    Verb verb =
        VERBS.stream()
            .filter(known -> known.name().equals(words[0]))
            .findFirst()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "no operation '" + words[0] + "'; expected one of " + names()));
    if (words.length > (verb.parameter().isEmpty() ? 1 : 2)) {
      throw new IllegalArgumentException("'" + text + "'; expected " + verb.synopsis());
    }
    long value = words.length == 1 ? verb.least() : number(verb, words[1]);
    return new Operation(String.join(" ", words), verb.bodies().apply(value), verb.needs());
  }

  private static String names() {
    return String.join(", ", VERBS.stream().map(Verb::name).toList());
  }

  private static long number(Verb verb, String digits) {
    long value = -1;
    try {
      value = Long.parseLong(digits);
    } catch (NumberFormatException e) {
      // reported below
    }
    if (value < verb.least() || value > verb.most()) {
      throw new IllegalArgumentException(
          "'%s' of %s; expected %s from %d to %d"
              .formatted(digits, verb.name(), verb.parameter(), verb.least(), verb.most()));
    }
    return value;
  }

  @Override
  public long run(SmallKernel kernel, Cpu cpu) {
    return body.run(kernel, cpu);
  }

  /** The user touches a page of the secret file. */
  public static Operation fault(long index) {
    return parse("fault " + index);
  }

  /** Every page of the secret file goes. */
  public static Operation truncate() {
    return parse("truncate");
  }

  /** The kernel takes a frame and writes to it. */
  public static Operation allocate() {
    return parse("allocate");
  }

  /** The kernel gives back the frame that this CPU took last. */
  public static Operation free() {
    return parse("free");
  }
}
