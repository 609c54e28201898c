package org.pagewright.check.life;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.ldt.UserBuffer;
import org.pagewright.kernel.ldt.UserDescriptor;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.UserMemory;
import org.pagewright.kernel.vm.VmConfig;

/** Processes that do what chance says, and a model of what they must see. */
final class LifeWorld implements AutoCloseable {
  private static final int PROCESSES_MAX = 5;
  private static final int FILE_PAGES = 16;
  private static final int HOARDED_PAGES = 700;

  /** What one process must see. */
  private static final class Model {
    private final AddressSpace space;

    /** Anonymous areas: bytes by first address. */
    private final Map<Long, Long> areas = new TreeMap<>();

    /** Protection of each area. */
    private final Map<Long, Integer> access = new TreeMap<>();

    /** What was stored last in the first word of a page of the process's own. */
    private final Map<Long, Long> stored = new TreeMap<>();

    /** Where the file is mapped shared; 0 for nowhere. */
    private long fileVa;

    Model(AddressSpace space) {
      this.space = space;
    }
  }

  private final UserKernel kernel;
  private final @Nullable HardenedTables hardened;
  private final Oracles oracles;
  private final Choices choices;
  private final FilePages file;
  private final long page;
  private final List<Model> processes = new ArrayList<>();
  private final Map<Long, Long> inFile = new TreeMap<>();
  private final long usedBefore;
  private final Cpu home;
  private long nextValue = 1;
  private int moved;
  private final List<Long> hoarded = new ArrayList<>();

  LifeWorld(KernelConfig config, VmConfig vm, Choices choices) {
    this(UserKernel.boot(config, vm), /* hardened= */ null, choices);
  }

  /** Processes on a kernel whose tables are hardened, or not. */
  LifeWorld(UserKernel kernel, @Nullable HardenedTables hardened, Choices choices) {
    this.kernel = kernel;
    this.hardened = hardened;
    this.choices = choices;
    this.page = kernel.kernel().machine().format().pageBytes();
    for (int i = 0; i < kernel.kernel().machine().cpus(); i++) {
      kernel.idle(kernel.cpu(i));
    }
    this.home = kernel.cpu(0);
    this.file = kernel.memory().createFile("shared", FILE_PAGES);
    this.usedBefore = usedPages();
    this.oracles =
        new Oracles(
            new WatchedKernel(
                kernel.kernel().machine(),
                kernel.kernel().directMap(),
                kernel.kernel().allocator(),
                /* mermap= */ null,
                hardened));
  }

  Oracles oracles() {
    return oracles;
  }

  /** One random act of a random process on a random CPU. */
  void act() {
    Cpu cpu = kernel.cpu(choices.pick(kernel.kernel().machine().cpus(), "cpu"));
    if (processes.isEmpty()) {
      processes.add(new Model(requireNonNull(kernel.start(cpu))));
      kernel.idle(cpu);
      return;
    }
    Model process = processes.get(choices.pick(processes.size(), "process"));
    kernel.run(cpu, process.space.mm());
    switch (choices.pick(20, "act")) {
      case 0, 1 -> mmap(cpu, process);
      case 2 -> munmap(cpu, process);
      case 3 -> protect(cpu, process);
      case 4 -> dontNeed(cpu, process);
      case 5 -> remap(cpu, process);
      case 6 -> fork(cpu, process);
      case 7 -> exec(cpu, process);
      case 8 -> modifyLdt(cpu);
      case 9 -> mapFile(cpu, process);
      case 10 -> reclaim(cpu);
      case 11 -> pin(cpu, process);
      case 12, 13 -> movePages(cpu, process);
      case 14 -> compactMemory(cpu);
      case 15 -> hoard(cpu);
      default -> storeAndLoad(cpu, process);
    }
    if (choices.flip("leave lazily")) {
      kernel.idle(cpu);
    }
    if (choices.pick(24, "exit") == 0 && processes.contains(process)) {
      exit(cpu, process);
    }
  }

  /** Everything ends; what is left in use was in use before. */
  void end() {
    for (int i = 0; i < kernel.kernel().machine().cpus(); i++) {
      kernel.idle(kernel.cpu(i));
    }
    if (!hoarded.isEmpty()) {
      hoard(home);
    }
    while (!processes.isEmpty()) {
      exit(home, processes.getFirst());
    }
    assertThat(kernel.memory().truncate(home, file, 0)).isZero();
    kernel.settle(home);
    if (hardened != null) {
      hardened.pages().settle(home);
    }
    assertThat(oracles.inspectEmptied()).isEmpty();
    assertThat(usedPages()).as("frames in use").isEqualTo(usedBefore);
  }

  /** Pages that hardened tables keep in stock count for nobody. */
  private long usedPages() {
    return kernel.usedPages() - (hardened == null ? 0 : hardened.pages().keptPages());
  }

  // ---- acts

  private void mmap(Cpu cpu, Model process) {
    long pages = 1L + choices.pick(40, "pages");
    long bytes = page * pages * (choices.flip("large") ? 16 : 1);
    int access = Access.READ | Access.WRITE;
    long va = kernel.memory().mapAnonymous(cpu, process.space, 0, bytes, access);
    assertThat(va).isPositive();
    process.areas.put(va, bytes);
    process.access.put(va, access);
    storeAndLoad(cpu, process);
  }

  private @Nullable Long area(Model process) {
    if (process.areas.isEmpty()) {
      return null;
    }
    List<Long> all = List.copyOf(process.areas.keySet());
    return all.get(choices.pick(all.size(), "area"));
  }

  private void munmap(Cpu cpu, Model process) {
    Long va = area(process);
    if (va == null) {
      return;
    }
    long pages = process.areas.get(va) / page;
    long kept = choices.pick((int) pages, "pages kept");
    long from = va + kept * page;
    long end = va + pages * page;
    assertThat(kernel.memory().unmap(cpu, process.space, from, end - from)).isZero();
    forget(process, from, end);
    if (kept == 0) {
      process.areas.remove(va);
      process.access.remove(va);
    } else {
      process.areas.put(va, kept * page);
    }
    assertThat(kernel.userMode().touch(cpu, from)).isEqualTo(-Errno.EFAULT);
  }

  private static void forget(Model process, long from, long to) {
    process.stored.keySet().removeIf(va -> va >= from && va < to);
  }

  private void protect(Cpu cpu, Model process) {
    Long va = area(process);
    if (va != null) {
      int access = choices.flip("writable") ? Access.READ | Access.WRITE : Access.READ;
      access = choices.pick(4, "nothing") == 0 ? 0 : access;
      long bytes = process.areas.get(va);
      assertThat(kernel.memory().protect(cpu, process.space, va, bytes, access)).isZero();
      process.access.put(va, access);
    }
  }

  private void dontNeed(Cpu cpu, Model process) {
    Long va = area(process);
    if (va != null) {
      long bytes = process.areas.get(va);
      long from = va + page * choices.pick((int) (bytes / page), "first page");
      assertThat(kernel.memory().dontNeed(cpu, process.space, from, va + bytes - from)).isZero();
      forget(process, from, va + bytes);
    }
  }

  private void remap(Cpu cpu, Model process) {
    Long va = area(process);
    if (va == null) {
      return;
    }
    long bytes = process.areas.get(va);
    long wanted = page * (1L + choices.pick((int) (2 * bytes / page), "new pages"));
    long to = kernel.memory().remap(cpu, process.space, va, bytes, wanted, UserMemory.ANYWHERE);
    if (to < 0) {
      return; // parts of the area have been joined with others that differ
    }
    Map<Long, Long> moved = new TreeMap<>();
    process.stored.forEach((at, value) -> {
      if (at >= va && at < va + Math.min(bytes, wanted)) {
        moved.put(at - va + to, value);
      }
    });
    forget(process, va, va + bytes);
    process.stored.putAll(moved);
    process.areas.remove(va);
    process.areas.put(to, wanted);
    process.access.put(to, requireNonNull(process.access.remove(va)));
  }

  private void fork(Cpu cpu, Model process) {
    if (processes.size() == PROCESSES_MAX) {
      return;
    }
    Mm child = requireNonNull(kernel.processes().duplicateMm(cpu, process.space.mm()));
    Model copy = new Model(AddressSpace.of(child));
    copy.areas.putAll(process.areas);
    copy.access.putAll(process.access);
    copy.stored.putAll(process.stored);
    copy.fileVa = process.fileVa;
    processes.add(copy);
  }

  private void exec(Cpu cpu, Model process) {
    for (int i = 0; i < kernel.kernel().machine().cpus(); i++) {
      if (i != cpu.id()) {
        kernel.idle(kernel.cpu(i)); // exec ends the other threads
      }
    }
    Mm fresh = requireNonNull(kernel.processes().exec(cpu));
    processes.set(processes.indexOf(process), new Model(AddressSpace.of(fresh)));
  }

  private void exit(Cpu cpu, Model process) {
    for (int i = 0; i < kernel.kernel().machine().cpus(); i++) {
      kernel.idle(kernel.cpu(i));
    }
    kernel.exit(cpu, process.space);
    processes.remove(process);
  }

  private void modifyLdt(Cpu cpu) {
    ModifyLdt ldt = kernel.ldt();
    if (ldt != null) {
      int entry = choices.pick(1024, "ldt entry");
      UserDescriptor wanted =
          new UserDescriptor(entry, 0, 0xfffff, UserDescriptor.SEG_32BIT | UserDescriptor.USEABLE);
      UserBuffer buffer = UserBuffer.of(wanted.bytes());
      int function = choices.flip("old mode") ? ModifyLdt.WRITE_OLD : ModifyLdt.WRITE;
      assertThat(ldt.call(cpu, function, buffer, UserDescriptor.BYTES)).isZero();
      assertThat(ldt.call(cpu, ModifyLdt.READ, buffer, 16)).isEqualTo(16);
    }
  }

  private void mapFile(Cpu cpu, Model process) {
    if (process.fileVa == 0) {
      int access = Access.READ | Access.WRITE;
      MapRequest request = new MapRequest(0, FILE_PAGES * page, access, true, file, 0);
      process.fileVa = kernel.memory().map(cpu, process.space, request);
      assertThat(process.fileVa).isPositive();
    }
    long index = choices.pick(FILE_PAGES, "file page");
    long va = process.fileVa + index * page;
    assertThat(kernel.userMode().load(cpu, va)).isEqualTo(inFile.getOrDefault(index, 0L));
    assertThat(kernel.userMode().store(cpu, va, nextValue)).isZero();
    inFile.put(index, nextValue++);
  }

  private void reclaim(Cpu cpu) {
    int first = choices.pick(FILE_PAGES, "first file page");
    int freed = kernel.memory().reclaim(cpu, file, first, FILE_PAGES - first);
    assertThat(freed).isNotNegative();
  }

  private void pin(Cpu cpu, Model process) {
    Long va = area(process);
    if (va != null && requireNonNull(process.access.get(va)) == (Access.READ | Access.WRITE)) {
      long pfn = kernel.memory().pin(cpu, process.space, va, choices.flip("write"));
      assertThat(pfn).isPositive();
      kernel.memory().gup().unpin(cpu, pfn);
      process.stored.putIfAbsent(va, 0L);
    }
  }

  /** Nobody else runs, so whatever is mapped by small entries moves. */
  private void movePages(Cpu cpu, Model process) {
    if (process.fileVa != 0 && choices.flip("file")) {
      movePages(cpu, process, process.fileVa, FILE_PAGES);
      return;
    }
    Long first = area(process);
    if (first != null) {
      movePages(cpu, process, first, (int) (process.areas.get(first) / page));
    }
  }

  private void movePages(Cpu cpu, Model process, long first, int pages) {
    for (int i = 0; i < 8; i++) {
      long va = first + page * choices.pick(pages, "page to move");
      int result = kernel.memory().movePage(cpu, process.space, va);
      assertThat(result).as("at 0x%x", va).isNotEqualTo(-Errno.EAGAIN);
      moved += result == 0 ? 1 : 0;
    }
  }

  /** Takes pages so that what follows lies elsewhere, or gives them back, so that there is room. */
  private void hoard(Cpu cpu) {
    PageAllocator allocator = kernel.kernel().allocator();
    if (!hoarded.isEmpty()) {
      hoarded.forEach(pfn -> allocator.free(cpu, pfn, 0));
      hoarded.clear();
      return;
    }
    for (int i = 0; i < HOARDED_PAGES; i++) {
      long pfn = allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE, 0);
      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      hoarded.add(pfn);
    }
  }

  /** All that is in use goes to one end of memory; whatever could be moved was. */
  private void compactMemory(Cpu cpu) {
    PageAllocator allocator = kernel.kernel().allocator();
    allocator.zones().forEach(zone -> allocator.compaction().compactAll(cpu, cpu.id(), zone));
  }

  /** Pages that system calls moved to other frames. */
  int moved() {
    return moved;
  }

  private void storeAndLoad(Cpu cpu, Model process) {
    Long first = area(process);
    if (first == null) {
      return;
    }
    long pages = process.areas.get(first) / page;
    int access = requireNonNull(process.access.get(first));
    for (int i = 0; i < 4; i++) {
      long va = first + page * choices.pick((int) pages, "page");
      boolean mayRead = (access & Access.READ) != 0;
      if (mayRead) {
        assertThat(kernel.userMode().load(cpu, va))
            .as("at 0x%x of %s", va, process.space)
            .isEqualTo(process.stored.getOrDefault(va, 0L));
      } else {
        assertThat(kernel.userMode().touch(cpu, va)).isEqualTo(-Errno.EFAULT);
      }
      boolean mayWrite = (access & Access.WRITE) != 0;
      assertThat(kernel.userMode().store(cpu, va, nextValue))
          .isEqualTo(mayWrite ? 0 : -Errno.EFAULT);
      if (mayWrite) {
        process.stored.put(va, nextValue++);
      }
    }
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
