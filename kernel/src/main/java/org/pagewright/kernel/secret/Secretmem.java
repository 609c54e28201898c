package org.pagewright.kernel.secret;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.arch.Errno;

/**
 * The memfd_secret system call and its files. Models {@code mm/secretmem.c} (Linux 7.0, and v2 to
 * v4 of "mm: Add __GFP_UNMAPPED").
 */
public final class Secretmem {
  /** {@code O_CLOEXEC}: the only flag that memfd_secret knows. */
  public static final int O_CLOEXEC = 0x80000;

  /** {@code MAP_SHARED}. */
  public static final int MAP_SHARED = 1;

  /** {@code MAP_PRIVATE}. */
  public static final int MAP_PRIVATE = 2;

  private final SecretPages pages;
  private final SecretmemConfig config;
  private int users;

  /** The system call on one kernel. */
  public Secretmem(SecretPages pages, SecretmemConfig config) {
    this.pages = pages;
    this.config = config;
  }

  /**
   * Whether a new file would be allowed. Models the checks of {@code memfd_secret(2)}.
   *
   * @return 0, {@code -ENOSYS}, {@code -EINVAL} or {@code -ENFILE}
   */
  public int check(int flags) {
    if (!config.enabled() || !pages.canSetDirectMap()) {
      return -Errno.ENOSYS;
    }
    if ((flags & ~O_CLOEXEC) != 0) {
      return -Errno.EINVAL;
    }
    return users < 0 ? -Errno.ENFILE : 0;
  }

  /** Makes a file; null when {@link #check} says why not. Models {@code memfd_secret(2)}. */
  public @Nullable File create(Cpu cpu, int flags) {
    cpu.charge(Primitive.SYSCALL);
    if (check(flags) != 0) {
      return null;
    }
    users++;
    return new File(new SecretPageCache(pages, config.backing()));
  }

  /** Users of secret memory: while there are any, hibernation is refused. */
  public int users() {
    return users;
  }

  /** The counter of users as a test would overflow it. */
  void setUsers(int count) {
    users = count;
  }

  /** One file of secret memory. */
  public final class File implements SecretFileView {
    private final SecretPageCache cache;
    private long bytes;
    private boolean isReleased;

    File(SecretPageCache cache) {
      this.cache = cache;
    }

    /** Sets the size, once. Models {@code ftruncate(2)} and {@code secretmem_setattr()}. */
    public int truncate(Cpu cpu, long newBytes) {
      cpu.charge(Primitive.SYSCALL);
      if (bytes != 0 || newBytes < 0) {
        return -Errno.EINVAL;
      }
      bytes = newBytes;
      return 0;
    }

    /**
     * Whether a mapping would be allowed. Models {@code secretmem_mmap_prepare()}: the mapping is
     * locked memory.
     *
     * @param lockedBytes what the process has locked already
     * @param lockedBytesMax its RLIMIT_MEMLOCK
     */
    public int mmap(int mapFlags, long mappedBytes, long lockedBytes, long lockedBytesMax) {
      if ((mapFlags & MAP_SHARED) == 0) {
        return -Errno.EINVAL;
      }
      return lockedBytes + mappedBytes > lockedBytesMax ? -Errno.EAGAIN : 0;
    }

    /**
     * The user touches a page. Models {@code secretmem_fault()}.
     *
     * @return the frame, or a negative error
     */
    public long fault(Cpu cpu, long index) {
      CostCategory before = pages.ledger().enter(cpu, CostCategory.SYSCALL);
      cpu.charge(Primitive.PAGE_FAULT);
      boolean isInside = index >= 0 && index << pages.pageShift() < bytes;
      long result = isInside ? cache.grab(cpu, index) : -Errno.EINVAL;
      pages.ledger().leave(cpu, before);
      return result;
    }

    /** Migration is refused: {@code secretmem_migrate_folio()}. */
    public int migrate() {
      return -Errno.EBUSY;
    }

    /**
     * Whether get_user_pages may take a page of the file. Models {@code gup_fast_folio_allowed()}
     * and {@code check_vma_flags()}: the mapping decides, never a flag of the page.
     */
    public int pinByUserAddress() {
      return cache.mapping().has(FileMapping.NO_DIRECT_MAP) ? -Errno.EFAULT : 0;
    }

    /** The last reference is gone: pages go back, cleared if they become ordinary memory. */
    public void release(Cpu cpu) {
      if (isReleased) {
        throw new IllegalArgumentException("file " + file() + " is released already");
      }
      isReleased = true;
      cache.truncate(cpu, 0);
      users--;
    }

    @Override
    public int file() {
      return cache.file();
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public FileMapping mapping() {
      return cache.mapping();
    }

    @Override
    public boolean isRemoved(long index) {
      return cache.mapping().pfn(index) != FileMapping.NONE;
    }
  }
}
