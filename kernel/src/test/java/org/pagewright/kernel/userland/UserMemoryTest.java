package org.pagewright.kernel.userland;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.FilePages;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.UserMemory;
import org.pagewright.kernel.vm.VmConfig;

/** What programs see of the system calls on memory, on every format. */
final class UserMemoryTest {
  private static final int READ_WRITE = Access.READ | Access.WRITE;

  static List<String> formats() {
    return List.of(
        "x86_64-4level",
        "x86_64-5level",
        "x86_64-pae",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57");
  }

  private static UserKernel boot(String format) {
    return boot(format, VmConfig.SMALL_PAGES);
  }

  private static UserKernel boot(String format, VmConfig vm) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(256L << 20));
    return UserKernel.boot(KernelConfig.bare(hardware), vm);
  }

  @ParameterizedTest
  @MethodSource("formats")
  void anonymousMemory_untouched_readsZeroAndKeepsWhatIsStored(String format) {
    try (UserKernel kernel = boot(format)) {
      Cpu cpu = kernel.cpu(0);
      AddressSpace space = requireNonNull(kernel.start(cpu));
      long page = kernel.kernel().machine().format().pageBytes();
      long va = kernel.memory().mapAnonymous(cpu, space, 0, 4 * page, READ_WRITE);
      assertThat(va).isPositive();
      assertThat(kernel.userMode().load(cpu, va)).isZero();
      assertThat(kernel.userMode().store(cpu, va, 7)).isZero();
      assertThat(kernel.userMode().load(cpu, va)).isEqualTo(7);
      assertThat(kernel.userMode().store(cpu, va + page, 8)).isZero();
      assertThat(kernel.userMode().load(cpu, va)).isEqualTo(7);
      assertThat(kernel.userMode().touch(cpu, va + 4 * page)).isEqualTo(-Errno.EFAULT);
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void lifeOfAProcess_atItsEnd_leavesNothingBehind(String format) {
    try (UserKernel kernel = boot(format)) {
      Cpu cpu = kernel.cpu(0);
      kernel.idle(cpu);
      long before = kernel.usedPages();
      AddressSpace space = requireNonNull(kernel.start(cpu));
      long page = kernel.kernel().machine().format().pageBytes();
      FilePages file = kernel.memory().createFile("file", 8);
      for (boolean isShared : new boolean[] {true, false}) {
        MapRequest request = new MapRequest(0, 8 * page, READ_WRITE, isShared, file, 0);
        long va = kernel.memory().map(cpu, space, request);
        assertThat(kernel.userMode().store(cpu, va, 3)).isZero();
        assertThat(kernel.userMode().load(cpu, va + page)).isZero();
      }
      long va = kernel.memory().mapAnonymous(cpu, space, 0, 64 * page, READ_WRITE);
      for (int i = 0; i < 64; i++) {
        assertThat(kernel.userMode().store(cpu, va + i * page, i)).isZero();
      }
      Mm child = requireNonNull(kernel.processes().duplicateMm(cpu, space.mm()));
      assertThat(kernel.userMode().store(cpu, va, 77)).isZero();
      AddressSpace other = kernel.run(kernel.cpu(1), child);
      assertThat(kernel.userMode().load(kernel.cpu(1), va)).isZero();
      assertThat(kernel.userMode().load(kernel.cpu(1), va + page)).isEqualTo(1);
      assertThat(kernel.memory().protect(kernel.cpu(1), other, va, 8 * page, Access.READ)).isZero();
      assertThat(kernel.userMode().store(kernel.cpu(1), va, 1)).isEqualTo(-Errno.EFAULT);
      assertThat(kernel.memory().dontNeed(cpu, space, va, 16 * page)).isZero();
      assertThat(kernel.userMode().load(cpu, va + page)).isZero();
      long moved = kernel.memory().remap(cpu, space, va, 64 * page, 80 * page, UserMemory.ANYWHERE);
      assertThat(kernel.userMode().load(cpu, moved + 63 * page)).isEqualTo(63);
      assertThat(kernel.memory().unmap(cpu, space, moved + 10 * page, 10 * page)).isZero();
      kernel.idle(cpu);
      kernel.idle(kernel.cpu(1));
      kernel.exit(cpu, space);
      kernel.exit(kernel.cpu(1), other);
      kernel.memory().truncate(cpu, file, 0);
      kernel.settle(cpu);
      assertThat(kernel.usedPages()).isEqualTo(before);
    }
  }

  @Test
  void hugePage_splitByPartialUnmap_keepsTheRest() {
    try (UserKernel kernel = boot("x86_64-4level", VmConfig.LINUX_7_0)) {
      Cpu cpu = kernel.cpu(0);
      kernel.idle(cpu);
      long before = kernel.usedPages();
      AddressSpace space = requireNonNull(kernel.start(cpu));
      long huge = 2L << 20;
      long va = kernel.memory().mapAnonymous(cpu, space, 0, 2 * huge, READ_WRITE);
      assertThat(va % huge).isZero();
      assertThat(kernel.userMode().store(cpu, va + 4096, 5)).isZero();
      assertThat(kernel.userMode().store(cpu, va + huge, 6)).isZero();
      assertThat(kernel.usedPages() - before).isGreaterThan(1024);
      assertThat(kernel.memory().unmap(cpu, space, va, 4096)).isZero();
      assertThat(kernel.userMode().load(cpu, va + 4096)).isEqualTo(5);
      assertThat(kernel.memory().collapse(cpu, space, va + huge)).isEqualTo(-Errno.EINVAL);
      kernel.idle(cpu);
      kernel.exit(cpu, space);
      kernel.settle(cpu);
      assertThat(kernel.usedPages()).isEqualTo(before);
    }
  }
}
