package org.pagewright.kernel.userland;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.secret.Secretmem;
import org.pagewright.kernel.vm.Backing;

/**
 * Areas of a file of memfd_secret. The file lives until it is closed and no area maps it, so its
 * pages need no counts of their own.
 */
public final class SecretBacking implements Backing {
  private final Secretmem.File file;
  private int holders = 1;

  /** A file descriptor: it holds the file until {@link #closeDescriptor}. */
  public SecretBacking(Secretmem.File file) {
    this.file = file;
  }

  public Secretmem.File file() {
    return file;
  }

  @Override
  public long fault(Cpu cpu, long index) {
    return file.fault(cpu, index);
  }

  @Override
  public void open(Cpu cpu) {
    holders++;
  }

  @Override
  public void close(Cpu cpu) {
    holders--;
    if (holders == 0) {
      file.release(cpu);
    }
  }

  /** The descriptor is closed; areas may go on. */
  public void closeDescriptor(Cpu cpu) {
    close(cpu);
  }

  @Override
  public boolean isLocked() {
    return true;
  }

  @Override
  public String label() {
    return "secretmem";
  }
}
