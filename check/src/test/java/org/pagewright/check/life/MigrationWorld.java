package org.pagewright.check.life;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.Backing;
import org.pagewright.kernel.vm.BatchedFlush;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.Migration;
import org.pagewright.kernel.vm.VmConfig;
import org.pagewright.kernel.vm.VmParts;
import org.pagewright.kernel.vm.VmServices;

/** One process of two threads with one page of its own and one of a file, which may move. */
final class MigrationWorld implements WatchedWorld {
  static final long FIRST_VALUE = 3;
  private static final long SECOND_VALUE = 9;
  private static final int READ_WRITE = Access.READ | Access.WRITE;

  /** Makes what moves pages. */
  @FunctionalInterface
  interface Maker {
    Migration make(VmServices services, BatchedFlush flushes);
  }

  /** What the other thread does meanwhile. */
  enum Deed {
    STORE,
    FILE_STORE,
    UNMAP,
    PROTECT,
    FORK,
    REMAP,
    DONT_NEED,
    PIN,
    MOVE,
    RECLAIM,
    TRUNCATE
  }

  private final UserKernel kernel;
  private final Oracles oracles;
  private final AddressSpace space;
  private final List<Long> hoard = new ArrayList<>();
  private final List<AddressSpace> children = new ArrayList<>();
  private final FilePages file;
  private final long page;
  private final long ownVa;
  private final long fileVa;

  /** What the process must read at the end; negative where it must not read. */
  private long inOwn = FIRST_VALUE;

  private long inFile = FIRST_VALUE;
  private long ownAt;

  MigrationWorld(String format) {
    this(format, Migration::new);
  }

  MigrationWorld(String format, Maker maker) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(64L << 20));
    KernelMachine machine =
        KernelMachine.boot(
            KernelConfig.of(hardware).withImage(KernelImage.NONE).withMemmapBytesPerPage(0));
    this.kernel =
        new UserKernel(
            machine,
            UserTables.of(machine),
            VmConfig.SMALL_PAGES,
            services -> {
              VmParts parts = VmParts.of(services);
              return parts.withMigration(maker.make(services, parts.batch()));
            });
    this.oracles =
        new Oracles(
            new WatchedKernel(
                machine.machine(), machine.directMap(), machine.allocator(), /* mermap= */ null));
    this.page = machine.machine().format().pageBytes();
    kernel.idle(cpu(0));
    kernel.idle(cpu(1));
    this.space = requireNonNull(kernel.start(cpu(0)));
    kernel.run(cpu(1), space.mm());
    this.file = kernel.memory().createFile("file", 1);
    this.ownVa = kernel.memory().mapAnonymous(cpu(0), space, 0, page, READ_WRITE);
    this.ownAt = ownVa;
    MapRequest request = new MapRequest(0, page, READ_WRITE, /* isShared= */ true, file, 0);
    this.fileVa = kernel.memory().map(cpu(0), space, request);
    for (int i = 0; i < 2; i++) {
      assertThat(store(cpu(i), ownVa, FIRST_VALUE)).isZero();
      assertThat(store(cpu(i), fileVa, FIRST_VALUE)).isZero();
    }
  }

  Cpu cpu(int id) {
    return kernel.cpu(id);
  }

  PageAllocator allocator() {
    return kernel.kernel().allocator();
  }

  long ownVa() {
    return ownVa;
  }

  long fileVa() {
    return fileVa;
  }

  // ---- system calls and user mode

  int move(Cpu cpu, long va) {
    return kernel.memory().movePage(cpu, space, va);
  }

  int store(Cpu cpu, long va, long value) {
    int result = kernel.userMode().store(cpu, va, value);
    if (result == 0 && va == ownVa) {
      inOwn = value;
    } else if (result == 0 && va == fileVa) {
      inFile = value;
    }
    return result;
  }

  int touch(Cpu cpu, long va) {
    return kernel.userMode().touch(cpu, va);
  }

  long load(Cpu cpu, long va) {
    return kernel.userMode().load(cpu, va);
  }

  void protect(long va, int access) {
    assertThat(kernel.memory().protect(cpu(0), space, va, page, access)).isZero();
  }

  AddressSpace fork(Cpu cpu) {
    AddressSpace child =
        AddressSpace.of(requireNonNull(kernel.processes().duplicateMm(cpu, space.mm())));
    children.add(child);
    return child;
  }

  void switchTo(Cpu cpu, AddressSpace other) {
    kernel.run(cpu, other.mm());
  }

  long pin(Cpu cpu, long va) {
    return kernel.memory().pin(cpu, space, va, /* write= */ true);
  }

  void unpin(Cpu cpu, long pfn) {
    kernel.memory().gup().unpin(cpu, pfn);
  }

  long mapUntouched() {
    return kernel.memory().mapAnonymous(cpu(0), space, 0, page, READ_WRITE);
  }

  /** Maps and touches a page that its file keeps, as a secret file does. */
  long mapSecret(Cpu cpu) {
    long pfn = allocator().allocate(cpu, Gfp.KERNEL | Gfp.ZERO, 0);
    Backing secret =
        new Backing() {
          @Override
          public long fault(Cpu on, long index) {
            return pfn;
          }

          @Override
          public void close(Cpu on) {
            allocator().free(on, pfn, 0);
          }

          @Override
          public boolean isLocked() {
            return true;
          }

          @Override
          public String label() {
            return "secret";
          }
        };
    MapRequest request = new MapRequest(0, page, READ_WRITE, /* isShared= */ true, secret, 0);
    long va = kernel.memory().map(cpu, space, request);
    assertThat(store(cpu, va, 1)).isZero();
    return va;
  }

  /** The frame behind an address, whatever the process may do with it. */
  long pfn(long va) {
    PteFormat format = machine().format();
    long entry = kernel.services().userTables().readLockless(cpu(0), space.mm(), va);
    return (entry & format.level(1).leafAddress()) << format.addressShift() >>> format.pageShift();
  }

  /** Fills memory, each page with its address, and drops every second page; the others' places. */
  List<Long> fillAndThinOut(Cpu cpu) {
    long pages = allocator().freePages() * 3 / 4;
    long first = kernel.memory().mapAnonymous(cpu, space, 0, pages * page, READ_WRITE);
    for (long va = first; va < first + pages * page; va += page) {
      assertThat(store(cpu, va, va)).isZero();
    }
    List<Long> kept = new ArrayList<>();
    for (long va = first; va < first + pages * page; va += 2 * page) {
      assertThat(kernel.memory().dontNeed(cpu, space, va, page)).isZero();
      kept.add(va + page);
    }
    long block = allocator().allocate(cpu, Gfp.NOWAIT, 9);
    while (block != PageAllocator.NONE) {
      hoard.add(block);
      block = allocator().allocate(cpu, Gfp.NOWAIT, 9);
    }
    kept.removeIf(va -> va >= first + pages * page);
    return kept;
  }

  long movedPages() {
    return allocator().compaction().movedPages();
  }

  long refusedPages() {
    return allocator().compaction().refusedPages();
  }

  // ---- acts of the two threads

  /** Moves the page that the other thread is after. */
  long moveFor(Cpu cpu, Deed deed) {
    boolean isOfFile = deed == Deed.FILE_STORE || deed == Deed.RECLAIM || deed == Deed.TRUNCATE;
    move(cpu, isOfFile ? fileVa : ownVa);
    return 0;
  }

  long act(Cpu cpu, Deed deed) {
    switch (deed) {
      case STORE -> store(cpu, ownVa, SECOND_VALUE);
      case FILE_STORE -> store(cpu, fileVa, SECOND_VALUE);
      case UNMAP -> {
        kernel.memory().unmap(cpu, space, ownVa, page);
        inOwn = -Errno.EFAULT;
      }
      case PROTECT -> kernel.memory().protect(cpu, space, ownVa, page, Access.READ);
      case FORK -> fork(cpu);
      case REMAP -> {
        ownAt = ownVa - 64 * page;
        kernel.memory().remap(cpu, space, ownVa, page, page, ownAt);
      }
      case DONT_NEED -> {
        kernel.memory().dontNeed(cpu, space, ownVa, page);
        inOwn = 0;
      }
      case PIN -> writeThroughPin(cpu);
      case MOVE -> move(cpu, ownVa);
      case RECLAIM -> kernel.memory().reclaim(cpu, file, 0, 1);
      case TRUNCATE -> {
        kernel.memory().truncate(cpu, file, 0);
        inFile = -Errno.EFAULT;
      }
      default -> throw new AssertionError(deed);
    }
    return 0;
  }

  private void writeThroughPin(Cpu cpu) {
    long pfn = kernel.memory().gup().pinFast(cpu, space, ownVa, /* write= */ true);
    if (pfn >= 0) {
      cpu.relax();
      machine().memory().write(pfn * page, SECOND_VALUE);
      inOwn = SECOND_VALUE;
      unpin(cpu, pfn);
    }
  }

  // ---- the end

  private void expect(List<Violation> found, long va, long wanted) {
    Cpu cpu = cpu(0);
    long seen = touch(cpu, va);
    seen = seen == 0 ? load(cpu, va) : seen;
    if (seen != wanted) {
      String what = "0x%x holds %d, not %d".formatted(va, seen, wanted);
      found.add(new Violation("what-was-stored", cpu.id(), what));
    }
  }

  @Override
  public Machine machine() {
    return kernel.kernel().machine();
  }

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public List<Violation> inspect() {
    Cpu cpu = cpu(0);
    List<Violation> found = new ArrayList<>();
    switchTo(cpu, space);
    expect(found, ownAt, inOwn);
    expect(found, fileVa, inFile);
    if (!children.isEmpty()) {
      long shared = inOwn;
      store(cpu, ownVa, shared + 1);
      switchTo(cpu, children.getFirst());
      expect(found, ownVa, FIRST_VALUE);
    }
    hoard.forEach(block -> allocator().free(cpu, block, 9));
    kernel.idle(cpu);
    kernel.idle(cpu(1));
    children.forEach(child -> kernel.exit(cpu, child));
    kernel.exit(cpu, space);
    kernel.memory().truncate(cpu, file, 0);
    kernel.settle(cpu);
    found.addAll(oracles.inspectEmptied());
    return found;
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
