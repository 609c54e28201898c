package org.pagewright.hardware.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;

/**
 * An anonymous mapping of the host that takes real memory only where it was written.
 *
 * <p>The mapping stands between two inaccessible guard pages, so that the host never merges it with
 * a neighbour and its resident size can be read exactly.
 */
final class HostMapping {
  /** Host page size that this class relies on: the granularity of lazily provided memory. */
  static final long PAGE_BYTES = 4096;

  /**
   * The whole address space of the process, for accesses that were bounds-checked by their owner. A
   * constant segment lets the compiler drop the second bounds check and the liveness check.
   */
  static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_HUGEPAGE = 14;

  /** Of Linux 5.14; others refuse it. */
  private static final int MADV_POPULATE_READ = 22;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle MMAP =
      handle(
          "mmap",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle MUNMAP =
      handle(
          "munmap",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
  private static final MethodHandle MPROTECT =
      handle(
          "mprotect",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));
  private static final MethodHandle MADVISE =
      handle(
          "madvise",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));

  private final long address;
  private final long bytes;
  private boolean open = true;

  private HostMapping(long address, long bytes) {
    this.address = address;
    this.bytes = bytes;
  }

  /** Maps at least {@code bytes} of zeros; {@code purpose} names them in the error message. */
  static HostMapping of(long bytes, String purpose) {
    long rounded = (Math.max(bytes, 1) + PAGE_BYTES - 1) & -PAGE_BYTES;
    long whole = rounded + 2 * PAGE_BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CALL_STATE);
      long start =
          (long)
              MMAP.invokeExact(
                  state, 0L, whole, PROT_NONE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
      if (start == -1) {
        throw refused(purpose, rounded, (int) ERRNO_VALUE.get(state, 0L));
      }
      if ((int) MPROTECT.invokeExact(state, start + PAGE_BYTES, rounded, PROT_READ_WRITE) != 0) {
        int errno = (int) ERRNO_VALUE.get(state, 0L);
        int ignored = (int) MUNMAP.invokeExact(state, start, whole);
        throw refused(purpose, rounded, errno);
      }
      return new HostMapping(start + PAGE_BYTES, rounded);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("mmap failed", e);
    }
  }

  /** Host address of the first byte. */
  long address() {
    return address;
  }

  /** Gives the pages that lie wholly inside the range back to the host: they read zero again. */
  void discard(long offset, long length) {
    advise(offset, length, MADV_DONTNEED);
  }

  /** Gives all pages back. */
  void discardAll() {
    discard(0, bytes);
  }

  /** Asks the host for huge pages in the range: faster random access, memory taken by 2 MiB. */
  void preferHugePages(long offset, long length) {
    advise(offset, length, MADV_HUGEPAGE);
  }

  /** Tells the host that all of the range will be read: one call instead of a fault per page. */
  void willRead(long offset, long length) {
    advise(offset, length, MADV_POPULATE_READ);
  }

  private void advise(long offset, long length, int advice) {
    long from = (offset + PAGE_BYTES - 1) & -PAGE_BYTES;
    long to = (offset + length) & -PAGE_BYTES;
    if (open && from < to) {
      call(MADVISE, address + from, to - from, advice);
    }
  }

  private static void call(MethodHandle function, long from, long length, int argument) {
    try (Arena arena = Arena.ofConfined()) {
      // The advice may be refused (a host without huge pages); memory stays correct without it.
      int ignored = (int) function.invokeExact(arena.allocate(CALL_STATE), from, length, argument);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("native call failed", e);
    }
  }

  /** Real memory behind the mapping, as the host counts it. */
  long residentBytes() {
    try {
      Iterator<String> lines = Files.readAllLines(Path.of("/proc/self/smaps")).iterator();
      long resident = 0;
      boolean ours = false;
      while (lines.hasNext()) {
        String line = lines.next();
        int dash = line.indexOf('-');
        int space = line.indexOf(' ');
        if (dash > 0 && dash < space && line.indexOf(':') > space) {
          ours = contains(Long.parseUnsignedLong(line, 0, dash, 16));
        } else if (ours && line.startsWith("Rss:")) {
          resident += Long.parseLong(line.substring(4, line.length() - 2).strip()) * 1024;
        }
      }
      return resident;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resident size from /proc/self/smaps", e);
    }
  }

  private boolean contains(long hostAddress) {
    return open && Long.compareUnsigned(hostAddress - address, bytes) < 0;
  }

  /** Unmaps; the owner must have made its own bounds zero before. */
  void close() {
    if (open) {
      open = false;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(CALL_STATE);
        int failed = (int) MUNMAP.invokeExact(state, address - PAGE_BYTES, bytes + 2 * PAGE_BYTES);
        assert failed == 0 : "munmap";
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError("munmap failed", e);
      }
    }
  }

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, ERRNO);
  }

  private static IllegalStateException refused(String purpose, long bytes, int errno) {
    return new IllegalStateException(
        "the host refused to map "
            + bytes
            + " bytes for "
            + purpose
            + " (errno "
            + errno
            + "); expected lazily provided memory: check `ulimit -v` and vm.overcommit_memory");
  }
}
