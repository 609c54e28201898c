package org.pagewright.check.life;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.VmConfig;

/** Two threads of one process that use the same memory. */
final class ThreadsWorld implements WatchedWorld {
  static final int PAGES = 6;

  /** Acts that a thread may choose from. */
  static final int ACTS = 13;

  private static final int READ_WRITE = Access.READ | Access.WRITE;

  private final UserKernel kernel;
  private final Oracles oracles;
  private final AddressSpace space;
  private final FilePages file;
  private final long page;
  private final long anonymousVa;
  private final long fileVa;

  ThreadsWorld(KernelConfig config) {
    this.kernel = UserKernel.boot(config, VmConfig.LINUX_7_0);
    this.page = config.machine().format().pageBytes();
    this.file = kernel.memory().createFile("file", PAGES);
    this.oracles =
        new Oracles(
            new WatchedKernel(
                kernel.kernel().machine(),
                kernel.kernel().directMap(),
                kernel.kernel().allocator(),
                /* mermap= */ null));
    Cpu cpu = kernel.cpu(0);
    kernel.idle(cpu);
    kernel.idle(kernel.cpu(1));
    this.space = requireNonNull(kernel.start(cpu));
    kernel.run(kernel.cpu(1), space.mm());
    this.anonymousVa = 64 * config.machine().format().levelBytes(2);
    long va = kernel.memory().mapAnonymous(cpu, space, anonymousVa, PAGES * page, READ_WRITE);
    assertThat(va).isEqualTo(anonymousVa);
    this.fileVa =
        kernel.memory().map(cpu, space, new MapRequest(0, PAGES * page, READ_WRITE, true, file, 0));
    for (int i = 0; i < PAGES; i += 2) {
      assertThat(kernel.userMode().store(kernel.cpu(i / 2 % 2), va + i * page, i)).isZero();
      assertThat(kernel.userMode().store(cpu, fileVa + i * page, i)).isZero();
    }
  }

  /** What a thread does: the kind and the page of an act. */
  long act(Cpu cpu, int kind, int index) {
    long va = anonymousVa + index * page;
    long bytes = Math.min(2, PAGES - index) * page;
    switch (kind) {
      case 0 -> kernel.userMode().store(cpu, va, 9);
      case 1 -> kernel.userMode().touch(cpu, va);
      case 2 -> kernel.memory().protect(cpu, space, va, bytes, Access.READ);
      case 3 -> kernel.memory().protect(cpu, space, va, bytes, READ_WRITE);
      case 4 -> kernel.memory().dontNeed(cpu, space, va, bytes);
      case 5 -> {
        kernel.memory().unmap(cpu, space, va, bytes);
        kernel.memory().mapAnonymous(cpu, space, va, bytes, READ_WRITE);
      }
      case 6 -> fork(cpu);
      case 7 -> {
        long to = anonymousVa + 64 * page;
        if (kernel.memory().remap(cpu, space, va, page, page, to) == to) {
          kernel.memory().remap(cpu, space, to, page, page, va);
        }
      }
      case 8 -> {
        long pfn = kernel.memory().gup().pinFast(cpu, space, va, /* write= */ true);
        if (pfn >= 0) {
          kernel.memory().gup().unpin(cpu, pfn);
        }
      }
      case 9 -> kernel.memory().reclaim(cpu, file, index, 1);
      case 10 -> kernel.memory().movePage(cpu, space, va);
      case 11 -> kernel.memory().movePage(cpu, space, fileVa + index * page);
      default -> kernel.userMode().store(cpu, fileVa + index * page, 5);
    }
    return 0;
  }

  private void fork(Cpu cpu) {
    Mm child = kernel.processes().duplicateMm(cpu, space.mm());
    if (child != null) {
      kernel.processes().exit(cpu, child);
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
    Cpu cpu = kernel.cpu(0);
    kernel.idle(cpu);
    kernel.idle(kernel.cpu(1));
    kernel.exit(cpu, space);
    kernel.memory().truncate(cpu, file, 0);
    kernel.settle(cpu);
    return oracles.inspectEmptied();
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
