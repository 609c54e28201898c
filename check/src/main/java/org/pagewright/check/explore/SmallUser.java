package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.UserMemory;
import org.pagewright.kernel.vm.VmConfig;
import org.pagewright.kernel.vm.VmParts;

/**
 * The user memory of a small kernel: all CPUs run threads of one process, which has pages of its
 * own and pages of a file that it shares.
 */
final class SmallUser {
  /** Pages of either kind. */
  static final int PAGES = 16;

  private static final int READ_WRITE = Access.READ | Access.WRITE;

  /** Where the process's own pages are, in tables of the second level. */
  private static final int FIRST_TABLE = 64;

  private final UserKernel kernel;
  private final FilePages file;
  private final long pageBytes;
  private final long ownVa;
  private final long hugeVa;
  private final long hugeBytes;

  /** Frames that each CPU holds. */
  private final List<List<Long>> pins = new ArrayList<>();

  private @Nullable AddressSpace threads;
  private long sharedVa;

  /** No process yet. */
  SmallUser(KernelMachine booted) {
    this.kernel = new UserKernel(booted, UserTables.of(booted), VmConfig.LINUX_7_0, VmParts::of);
    this.pageBytes = booted.machine().format().pageBytes();
    this.file = memory().createFile("shared", PAGES);
    this.hugeBytes = booted.machine().format().levelBytes(2);
    this.ownVa = FIRST_TABLE * hugeBytes;
    this.hugeVa = ownVa / 2;
    for (int id = 0; id < booted.machine().cpus(); id++) {
      pins.add(new ArrayList<>());
    }
  }

  /** Every CPU runs a thread of one process, whose memory is mapped and not touched. */
  void startThreads() {
    Cpu cpu = kernel.cpu(0);
    AddressSpace started = kernel.start(cpu);
    if (started == null) {
      throw new IllegalStateException("a fresh kernel has too little memory");
    }
    threads = started;
    for (int id = 1; id < kernel.kernel().machine().cpus(); id++) {
      kernel.run(kernel.cpu(id), started.mm());
    }
    long bytes = PAGES * pageBytes;
    long own = memory().mapAnonymous(cpu, started, ownVa, bytes, READ_WRITE);
    MapRequest request =
        new MapRequest(0, bytes, READ_WRITE, /* isShared= */ true, file, /* firstIndex= */ 0);
    sharedVa = memory().map(cpu, started, request);
    long huge = memory().mapAnonymous(cpu, started, hugeVa, hugeBytes, READ_WRITE);
    assert own == ownVa && huge == hugeVa && sharedVa > 0 : own;
  }

  private AddressSpace space() {
    return Objects.requireNonNull(threads, "no process was started");
  }

  private UserMemory memory() {
    return kernel.memory();
  }

  private long va(long page) {
    return ownVa + page * pageBytes;
  }

  private long bytesFrom(long page) {
    return (PAGES - page) * pageBytes;
  }

  /** A signal kills a program that uses memory that it has unmapped: no error of the kernel. */
  private static long withoutSignal(long answer) {
    return answer == -Errno.EFAULT ? 0 : answer;
  }

  /** A thread of the process runs on the CPU, if none does. */
  private void wake(Cpu cpu) {
    if (Task.currentMm(cpu) == null) {
      kernel.run(cpu, space().mm());
    }
  }

  private long store(Cpu cpu, long va, long value) {
    wake(cpu);
    return withoutSignal(kernel.userMode().store(cpu, va, value));
  }

  long touch(Cpu cpu, long page) {
    wake(cpu);
    return withoutSignal(kernel.userMode().touch(cpu, va(page)));
  }

  long write(Cpu cpu, long page) {
    return store(cpu, va(page), page + 1);
  }

  long writeShared(Cpu cpu, long page) {
    return store(cpu, sharedVa + page * pageBytes, page + 1);
  }

  /** A kernel thread runs on the CPU until its user does something again. */
  long sleep(Cpu cpu) {
    if (Task.currentMm(cpu) != null) {
      kernel.idle(cpu);
    }
    return 0;
  }

  long mmap(Cpu cpu, long page) {
    long answer = memory().mapAnonymous(cpu, space(), va(page), bytesFrom(page), READ_WRITE);
    return answer == va(page) ? 0 : answer;
  }

  long munmap(Cpu cpu, long page) {
    return memory().unmap(cpu, space(), va(page), bytesFrom(page));
  }

  long protect(Cpu cpu, long page, boolean isWritable) {
    int access = isWritable ? READ_WRITE : Access.READ;
    return memory().protect(cpu, space(), va(page), bytesFrom(page), access);
  }

  long dontNeed(Cpu cpu, long page) {
    return memory().dontNeed(cpu, space(), va(page), bytesFrom(page));
  }

  /** The page goes to another address and back. */
  long mremap(Cpu cpu, long page) {
    long away = va(page) + FIRST_TABLE * PAGES * pageBytes;
    long answer = memory().remap(cpu, space(), va(page), pageBytes, pageBytes, away);
    if (answer == away) {
      answer = memory().remap(cpu, space(), away, pageBytes, pageBytes, va(page));
    }
    return answer == va(page) ? 0 : withoutSignal(answer);
  }

  long free(Cpu cpu, long page) {
    return memory().free(cpu, space(), va(page), bytesFrom(page));
  }

  /** The page goes to another frame, unless it is not there or somebody holds it. */
  long migrate(Cpu cpu, long page) {
    memory().movePage(cpu, space(), va(page));
    return 0;
  }

  // ---- a huge page

  long writeHuge(Cpu cpu, long page) {
    return store(cpu, hugeVa + page * pageBytes, page + 1);
  }

  /** One small page of it may only be read for a while, so that it is mapped in small pieces. */
  long splitHuge(Cpu cpu, long page) {
    long va = hugeVa + page * pageBytes;
    long error = memory().protect(cpu, space(), va, pageBytes, Access.READ);
    return error != 0 ? error : memory().protect(cpu, space(), va, pageBytes, READ_WRITE);
  }

  /** Its small pieces are joined, unless somebody holds one. */
  long collapseHuge(Cpu cpu) {
    int error = memory().collapse(cpu, space(), hugeVa);
    return error == -Errno.ENOMEM ? error : 0;
  }

  long dontNeedHuge(Cpu cpu) {
    return memory().dontNeed(cpu, space(), hugeVa, hugeBytes);
  }

  // ---- children and pins

  /** A child writes a page on this CPU and ends. */
  long forkWrite(Cpu cpu, long page) {
    Mm child = kernel.processes().duplicateMm(cpu, space().mm());
    if (child == null) {
      return -Errno.ENOMEM;
    }
    kernel.run(cpu, child);
    long error = withoutSignal(kernel.userMode().store(cpu, va(page), -page));
    kernel.run(cpu, space().mm());
    kernel.processes().exit(cpu, child);
    return error;
  }

  /** Takes a reference on a page as I/O does, until {@link #unpin}. */
  long pinLong(Cpu cpu, long page) {
    long pfn = memory().gup().pinFast(cpu, space(), va(page), /* write= */ true);
    if (pfn >= 0) {
      pins.get(cpu.id()).add(pfn);
    }
    return 0;
  }

  long unpin(Cpu cpu) {
    List<Long> mine = pins.get(cpu.id());
    if (!mine.isEmpty()) {
      memory().gup().unpin(cpu, mine.removeLast());
    }
    return 0;
  }

  /** A child that ends at once. */
  long fork(Cpu cpu) {
    Mm child = kernel.processes().duplicateMm(cpu, space().mm());
    if (child == null) {
      return -Errno.ENOMEM;
    }
    kernel.processes().exit(cpu, child);
    return 0;
  }

  /** Takes a reference on a page of the process as I/O does, and drops it. */
  long pin(Cpu cpu, long page) {
    long pfn = memory().gup().pinFast(cpu, space(), va(page), /* write= */ true);
    if (pfn >= 0) {
      memory().gup().unpin(cpu, pfn);
      return 0;
    }
    return 0;
  }

  long reclaimShared(Cpu cpu, long page) {
    memory().reclaim(cpu, file, page, 1);
    return 0;
  }

  long truncateShared(Cpu cpu, long page) {
    memory().truncate(cpu, file, page);
    return 0;
  }

  void endAll() {
    AddressSpace ending = threads;
    if (ending == null) {
      return;
    }
    threads = null;
    for (int id = 0; id < kernel.kernel().machine().cpus(); id++) {
      while (!pins.get(id).isEmpty()) {
        unpin(kernel.cpu(id));
      }
      kernel.idle(kernel.cpu(id));
    }
    Cpu cpu = kernel.cpu(0);
    kernel.exit(cpu, ending);
    memory().truncate(cpu, file, 0);
    kernel.settle(cpu);
  }

  /** Gives back what stands beside the kernel; the kernel itself is closed by its owner. */
  void close() {
    kernel.services().close();
  }
}
