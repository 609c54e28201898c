package org.pagewright.kernel.secret;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;

/**
 * Memory of a guest as a file that is filled by write(). Models {@code virt/kvm/guest_memfd.c} with
 * "Direct Map Removal Support for guest_memfd" v10 (January 2026) and "KVM: guest_memfd: use write
 * for population" v7 (November 2025), and the prototype on the unmapped pool of the same time.
 */
public class GuestMemfd implements SecretFileView {
  /*
   * Order of a write, folio by folio, as in generic_perform_write() with the posted hooks:
   *
   *   write_begin  look up; refuse a folio that was removed; else allocate and insert
   *   copy         through the direct map, or the mermap for a pooled folio
   *   write_end    remove from the direct map, flush, mark up to date
   *
   * So a frame holds the secret for a moment while it is still mapped; only the pool avoids that.
   *
   * What is left out. KVM's page tables and slots, NUMA policies, poisoned pages.
   */

  private final SecretPages pages;
  private final GuestMemfdConfig config;
  private final FileMapping mapping;
  private final CostLedger ledger;
  private final int file;
  private final long bytes;
  private final int pageShift;
  private final WriteSource source = new WriteSource();
  private final List<Mm> staleIn = new ArrayList<>();

  /** A file of a size that {@link #create} has checked. */
  protected GuestMemfd(SecretPages pages, GuestMemfdConfig config, long bytes) {
    this.pages = pages;
    this.config = config;
    this.ledger = pages.ledger();
    this.file = pages.nextFile();
    this.bytes = bytes;
    this.pageShift = pages.pageShift();
    this.mapping =
        new FileMapping(
            FileMapping.UNEVICTABLE | (config.removesPages() ? FileMapping.NO_DIRECT_MAP : 0));
  }

  /**
   * Makes a file of a fixed size. Models {@code KVM_CREATE_GUEST_MEMFD}; a pooled file prepares the
   * mermap of the current process.
   *
   * @return null when the size or the machine does not allow it
   */
  public static @Nullable GuestMemfd create(
      Cpu cpu, SecretPages pages, GuestMemfdConfig config, long bytes) {
    long folioBytes = 1L << (config.folioOrder() + pages.pageShift());
    if (bytes <= 0 || (bytes & (folioBytes - 1)) != 0) {
      return null;
    }
    if (config.removesPages() && !pages.canSetDirectMap()) {
      return null;
    }
    if (config.removal() == GuestMemfdConfig.Removal.POOLED && prepareMermap(cpu, pages) != 0) {
      return null;
    }
    return new GuestMemfd(pages, config, bytes);
  }

  private static int prepareMermap(Cpu cpu, SecretPages pages) {
    Mm mm = Task.currentMm(cpu);
    return mm == null ? -Errno.EINVAL : pages.requireMermap().prepare(cpu, mm);
  }

  // ---- write()

  /**
   * One system call. Models {@code write(2)} on the file: whole pages only.
   *
   * @param content what the bytes are, a tag of FrameContent
   * @return bytes written, or a negative error if the first folio failed
   */
  public long write(Cpu cpu, long offset, long count, int content) {
    source.tagged(content);
    return writeSource(cpu, offset, count);
  }

  /** The same with real bytes, for who wants to read them again. */
  public long write(Cpu cpu, long offset, byte[] data, int content) {
    source.of(content, data);
    return writeSource(cpu, offset, data.length);
  }

  private long writeSource(Cpu cpu, long offset, long count) {
    CostCategory before = ledger.enter(cpu, CostCategory.SYSCALL);
    cpu.charge(Primitive.SYSCALL);
    long result = writeChecked(cpu, offset, count);
    ledger.leave(cpu, before);
    return result;
  }

  private long writeChecked(Cpu cpu, long offset, long count) {
    if (!config.writable()) {
      return -Errno.ENODEV;
    }
    long folioBytes = 1L << (config.folioOrder() + pageShift);
    if (((offset | count) & (folioBytes - 1)) != 0 || offset < 0 || offset + count > bytes) {
      return -Errno.EINVAL;
    }
    long written = 0;
    while (written < count) {
      int error = writeFolio(cpu, (offset + written) >>> pageShift);
      if (error != 0) {
        return written > 0 ? written : error;
      }
      written += folioBytes;
    }
    return written;
  }

  private int writeFolio(Cpu cpu, long index) {
    cpu.charge(Primitive.WRITE_BEGIN_END);
    if (mapping.pfn(index) != FileMapping.NONE && mapping.folioIs(index, FileMapping.REMOVED)) {
      return -Errno.EEXIST;
    }
    int error = findOrMake(cpu, index);
    if (error != 0) {
      return error;
    }
    long pfn = mapping.pfn(index);
    if (isPooled()) {
      pages.copyInEphemeral(cpu, pfn, config.folioOrder(), source);
      noteStale(cpu);
    } else {
      pages.copyIn(cpu, pfn, config.folioOrder(), source);
    }
    return finish(cpu, index, pfn);
  }

  private boolean isPooled() {
    return config.removal() == GuestMemfdConfig.Removal.POOLED;
  }

  /** Models {@code kvm_gmem_get_folio()}: finds the folio, or allocates and inserts one. */
  private int findOrMake(Cpu cpu, long index) {
    CostCategory before = ledger.enter(cpu, CostCategory.FILE);
    cpu.charge(Primitive.PAGE_CACHE_LOOKUP);
    int error = mapping.pfn(index) == FileMapping.NONE ? make(cpu, index) : 0;
    ledger.leave(cpu, before);
    return error;
  }

  private int make(Cpu cpu, long index) {
    int order = config.folioOrder();
    int gfp = Gfp.HIGHUSER | (config.zeroes() ? Gfp.ZERO : 0);
    long pfn = isPooled() ? allocatePooled(cpu, gfp, order) : pages.allocateMapped(cpu, gfp, order);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    cpu.charge(Primitive.PAGE_CACHE_INSERT);
    int error = mapping.insert(index, pfn, order);
    assert error == 0 : "index " + index + " filled under the folio lock";
    return 0;
  }

  private long allocatePooled(Cpu cpu, int gfp, int order) {
    boolean callerClears = config.zeroes() && pages.poolRequest() == PoolRequest.ALLOC_FLAG;
    long pfn = pages.allocatePooled(cpu, callerClears ? gfp & ~Gfp.ZERO : gfp, order);
    if (pfn != PageAllocator.NONE && callerClears) {
      pages.clearEphemeral(cpu, pfn, order);
      noteStale(cpu);
    }
    return pfn;
  }

  /**
   * The folio is filled: out of the direct map with it. On an error it stays in the file, mapped
   * and not up to date; the posted patch ignores the error.
   */
  private int finish(Cpu cpu, long index, long pfn) {
    int error = config.removesPages() && !isPooled() ? removeFolio(cpu, pfn) : 0;
    if (error != 0) {
      return error;
    }
    if (config.removesPages()) {
      mapping.mark(index, FileMapping.REMOVED);
      pages.adopt(cpu, pfn, config.folioOrder(), file, /* promises= */ 0);
    }
    mapping.mark(index, FileMapping.UPTODATE);
    return 0;
  }

  /** Models {@code kvm_gmem_folio_zap_direct_map()}. */
  private int removeFolio(Cpu cpu, long pfn) {
    int error = pages.remove(cpu, pfn, config.folioOrder());
    if (error == 0 && config.removal() == GuestMemfdConfig.Removal.EACH) {
      pages.flush(cpu, pfn, config.folioOrder());
    }
    return error;
  }

  private void noteStale(Cpu cpu) {
    Mm mm = Task.currentMm(cpu);
    if (mm != null && !staleIn.contains(mm)) {
      staleIn.add(mm);
    }
    mapping.set(FileMapping.MERMAP_STALE);
  }

  // ---- faults

  /**
   * A user mapping is touched. Models {@code kvm_gmem_fault_user_mapping()}: a page that was never
   * written is cleared first.
   *
   * @return the frame, or a negative error
   */
  public long fault(Cpu cpu, long index) {
    if (index < 0 || index << pageShift >= bytes) {
      return -Errno.EINVAL;
    }
    CostCategory before = ledger.enter(cpu, CostCategory.SYSCALL);
    cpu.charge(Primitive.PAGE_FAULT);
    long head = index & -(1L << config.folioOrder());
    int error = findOrMake(cpu, head);
    if (error == 0 && !mapping.folioIs(head, FileMapping.UPTODATE)) {
      error = clearAndFinish(cpu, head);
    }
    ledger.leave(cpu, before);
    return error == 0 ? mapping.pfn(index) : error;
  }

  private int clearAndFinish(Cpu cpu, long head) {
    long pfn = mapping.pfn(head);
    if (isPooled()) {
      pages.clearEphemeral(cpu, pfn, config.folioOrder());
      noteStale(cpu);
    } else {
      pages.clear(cpu, pfn, config.folioOrder());
    }
    return finish(cpu, head, pfn);
  }

  // ---- removal

  /** Frees the folios of a range. Models {@code fallocate(FALLOC_FL_PUNCH_HOLE)}. */
  public int punchHole(Cpu cpu, long offset, long count) {
    long folioBytes = 1L << (config.folioOrder() + pageShift);
    if (((offset | count) & (folioBytes - 1)) != 0 || offset < 0 || offset + count > bytes) {
      return -Errno.EINVAL;
    }
    CostCategory before = ledger.enter(cpu, CostCategory.SYSCALL);
    cpu.charge(Primitive.SYSCALL);
    flushStale(cpu);
    long end = Math.min((offset + count) >>> pageShift, mapping.indexes());
    for (long index = offset >>> pageShift; index < end; index += 1L << config.folioOrder()) {
      if (mapping.pfn(index) != FileMapping.NONE) {
        freeFolio(cpu, index);
      }
    }
    ledger.leave(cpu, before);
    return 0;
  }

  /** The last user is gone. */
  public void release(Cpu cpu) {
    int error = punchHole(cpu, 0, bytes);
    assert error == 0 : error;
  }

  /** Before pages leave: no CPU may translate a window of the mermap to them any more. */
  private void flushStale(Cpu cpu) {
    if (!mapping.testAndClear(FileMapping.MERMAP_STALE) || !config.flushesStale()) {
      return;
    }
    CostCategory before = ledger.enter(cpu, CostCategory.FLUSH_OWN);
    for (Mm mm : staleIn) {
      if (!mm.isDead()) {
        pages.requireMermap().flushEverywhere(cpu, mm);
      }
    }
    staleIn.clear();
    ledger.leave(cpu, before);
  }

  /** Models {@code kvm_gmem_free_folio()}: restored, not cleared; a pooled folio stays absent. */
  private void freeFolio(Cpu cpu, long index) {
    long pfn = mapping.pfn(index);
    int order = config.folioOrder();
    boolean restores = mapping.folioIs(index, FileMapping.REMOVED) && !isPooled();
    CostCategory before = ledger.enter(cpu, CostCategory.FILE);
    cpu.charge(Primitive.PAGE_CACHE_REMOVE);
    mapping.remove(index);
    int error = restores ? restore(cpu, pfn, order) : 0;
    if (error != 0) {
      pages.leak(cpu, pfn, order, error);
    } else {
      pages.free(cpu, pfn, order, file);
    }
    ledger.leave(cpu, before);
  }

  /**
   * Puts a folio back into the direct map. In smaller pieces than it was removed in, the first one
   * splits a leaf, and that may fail.
   *
   * @return 0, or a negative error: then the folio must not be freed
   */
  protected int restore(Cpu cpu, long pfn, int order) {
    long piece = 1L << config.restoreOrder();
    for (long at = pfn; at < pfn + (1L << order); at += piece) {
      int error = pages.restore(cpu, at, config.restoreOrder());
      if (error != 0) {
        return error;
      }
    }
    return 0;
  }

  // ---- what others see

  public GuestMemfdConfig config() {
    return config;
  }

  @Override
  public int file() {
    return file;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public FileMapping mapping() {
    return mapping;
  }

  @Override
  public boolean isRemoved(long index) {
    return mapping.pfn(index) != FileMapping.NONE && mapping.folioIs(index, FileMapping.REMOVED);
  }

  /** Migration is refused: {@code kvm_gmem_migrate_folio()} warns and answers -EINVAL. */
  public int migrate() {
    return -Errno.EINVAL;
  }
}
