package org.pagewright.kernel.userland;

import java.util.function.Consumer;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.UserMemory;
import org.pagewright.kernel.vm.VmServices;

/**
 * A program that loads and stores in user mode: faults enter the kernel, which returns to the same
 * instruction. Models the entry and exit of {@code exc_page_fault()} and its counterparts.
 */
public final class UserMode {
  /** More faults than any instruction takes. */
  private static final int FAULTS_MAX = 64;

  /**
   * From here on it waits for other CPUs: SFENCE.VMA with an address leaves tables that are
   * remembered, so on riscv an access may fault until the flush for a table that goes comes in.
   */
  private static final int FAULTS_ALONE = 3;

  private final VmServices services;
  private final UserMemory memory;

  /** What each CPU loaded last. */
  private final long[] loaded;

  /** What the kernel does before a fault returns to the program. */
  private Consumer<Cpu> beforeReturn = cpu -> {};

  /** Programs on one kernel. */
  public UserMode(UserMemory memory) {
    this.services = memory.services();
    this.memory = memory;
    this.loaded = new long[services.machine().cpus()];
  }

  /** Lets other tasks have their turn before a fault returns. */
  void setBeforeReturn(Consumer<Cpu> work) {
    beforeReturn = work;
  }

  /** Stores eight bytes; 0, or the error that kills the program. */
  public int store(Cpu cpu, long va, long value) {
    return access(cpu, va, Access.WRITE, value);
  }

  /** Loads eight bytes and drops them; 0, or the error that kills the program. */
  public int touch(Cpu cpu, long va) {
    return access(cpu, va, Access.READ, 0);
  }

  /** Loads eight bytes of an address that can be loaded. */
  public long load(Cpu cpu, long va) {
    int error = touch(cpu, va);
    if (error != 0) {
      throw new IllegalArgumentException(
          "load at 0x" + Long.toHexString(va) + " ends with " + Errno.name(error));
    }
    return loaded[cpu.id()];
  }

  private int access(Cpu cpu, long va, int kind, long value) {
    Mm mm = Task.currentMm(cpu);
    if (mm == null) {
      throw new IllegalArgumentException(cpu + " runs no user task");
    }
    AddressSpace space = AddressSpace.of(mm);
    for (int faults = 0; faults < FAULTS_MAX; faults++) {
      if (faults >= FAULTS_ALONE) {
        cpu.relax();
      }
      if (attempt(cpu, va, kind, value)) {
        return 0;
      }
      int error = memory.fault(cpu, space, va, kind | Access.USER);
      beforeReturn.accept(cpu);
      if (error != 0) {
        return error;
      }
    }
    throw new IllegalStateException("the access at 0x" + Long.toHexString(va) + " goes round");
  }

  private boolean attempt(Cpu cpu, long va, int kind, long value) {
    services.shootdown().enterUser(cpu);
    boolean succeeds;
    if (Access.isWrite(kind)) {
      succeeds = cpu.store(va, kind | Access.USER, value);
    } else {
      loaded[cpu.id()] = cpu.load(va, kind | Access.USER);
      succeeds = cpu.mmu().fault() == 0;
    }
    services.shootdown().enterKernel(cpu);
    services.grace().quiescent(cpu);
    return succeeds;
  }
}
