package org.pagewright.kernel.vm;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.compact.Compaction;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.gather.PageRelease;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmFeature;
import org.pagewright.kernel.mm.UserRange;

/**
 * The system calls on user memory, and its part in fork and exit. Models {@code mmap(2)}, {@code
 * munmap(2)}, {@code mprotect(2)}, {@code mremap(2)} and {@code madvise(2)} (mm/mmap.c, mm/vma.c,
 * mm/mprotect.c, mm/mremap.c, mm/madvise.c, Linux 7.0).
 */
public final class UserMemory implements MmFeature, PageRelease {
  /*
   * What Linux does: calls that change areas hold the lock of the areas alone; faults and
   * MADV_DONTNEED share it. Whatever becomes less is taken out of the tables, flushed and freed, in
   * this order, before the call returns.
   *
   * What is left out: hints for addresses, stacks that grow, guard gaps, locks of single areas,
   * accounting of committed memory.
   */

  /** mremap: the kernel chooses where to. */
  public static final long ANYWHERE = -1;

  private final VmServices services;
  private final VmParts parts;
  private final Unmapping unmapping;
  private final PageFaults faults;
  private final Protection protection;
  private final Forking forking;
  private final Reclaim reclaim;
  private final long end;

  /** User memory as Linux 7.0 has it. */
  public UserMemory(VmServices services) {
    this(services, VmParts.of(services));
  }

  /** User memory with parts of its own; it releases what the gathers of the kernel gather. */
  public UserMemory(VmServices services, VmParts parts) {
    this.services = services;
    this.parts = parts;
    this.unmapping = new Unmapping(services, parts.batch(), parts.huge());
    this.faults = new PageFaults(services, parts);
    this.protection = new Protection(services, parts.batch(), parts.huge());
    this.forking = new Forking(services, parts.batch());
    this.reclaim = new Reclaim(services, parts.batch(), unmapping);
    this.end = UserRange.end(services.format());
    services.userTables().setPageRelease(this);
    services.allocator().addMover(parts.migration());
  }

  public VmServices services() {
    return services;
  }

  // ---- mmap and munmap

  /** Maps anonymous memory of the process's own; an address or a negative error. */
  public long mapAnonymous(Cpu cpu, AddressSpace space, long va, long bytes, int access) {
    return map(cpu, space, new MapRequest(va, bytes, access, false, Backing.ANONYMOUS, 0));
  }

  /** A file of that many pages; shared anonymous memory is such a file, too. */
  public FilePages createFile(String name, long pages) {
    return new FilePages(
        services.machine().memory(), services.frames(), services.pageShift(), name, pages);
  }

  /** Maps what is asked for; an address or a negative error. Models {@code mmap(2)}. */
  public long map(Cpu cpu, AddressSpace space, MapRequest request) {
    cpu.charge(Primitive.SYSCALL);
    long bytes = request.bytes() + services.pageBytes() - 1 & -services.pageBytes();
    if (request.bytes() <= 0 || !isAligned(request.va())) {
      return -Errno.EINVAL;
    }
    if (request.isFixed() && (request.va() > end || bytes > end - request.va())) {
      return -Errno.ENOMEM;
    }
    boolean isLocked = request.backing().isLocked();
    if (isLocked && !request.isShared()) {
      return -Errno.EINVAL;
    }
    space.lock().acquire(cpu);
    long result = mapLocked(cpu, space, request, bytes, isLocked);
    space.lock().release(cpu);
    return result;
  }

  private long mapLocked(
      Cpu cpu, AddressSpace space, MapRequest request, long bytes, boolean isLocked) {
    if (isLocked && space.lockedBytes() + bytes > services.config().lockedBytesMax()) {
      return -Errno.EAGAIN;
    }
    long va = request.isFixed() ? request.va() : findGap(space, bytes);
    boolean isHuge = request.backing() instanceof SharedTables.HugeFile;
    if (isHuge && ((va | bytes) & parts.huge().bytes() - 1) != 0) {
      return -Errno.EINVAL;
    }
    if (va < 0 || space.areas().size() >= Areas.AREAS_MAX) {
      return -Errno.ENOMEM;
    }
    if (request.isFixed()) {
      unmapLocked(cpu, space, va, va + bytes);
    }
    boolean isAnonymous = request.backing().isAnonymous();
    long firstIndex = isAnonymous ? va >>> services.pageShift() : request.firstIndex();
    Area area =
        new Area(
            va, va + bytes, request.access(), request.isShared(), request.backing(), firstIndex);
    space.insert(cpu, area);
    changed(cpu, space, va, va + bytes, request.access());
    space.merge(cpu, va, va + bytes);
    return va;
  }

  /** Gaps for large requests begin at the border of a huge page, as with THP. */
  private long findGap(AddressSpace space, long bytes) {
    long hugeBytes = parts.huge().bytes();
    long align = parts.huge().isOn() && bytes >= hugeBytes ? hugeBytes : services.pageBytes();
    return space.areas().highestGap(bytes, align, services.pageBytes(), end);
  }

  private void changed(Cpu cpu, AddressSpace space, long from, long to, int access) {
    services
        .events()
        .record(VmEvent.RANGE_CHANGED, cpu.id(), space.mm().contextId(), from, to | access);
  }

  /** Unmaps a range. Models {@code munmap(2)}. */
  public int unmap(Cpu cpu, AddressSpace space, long va, long bytes) {
    cpu.charge(Primitive.SYSCALL);
    long length = bytes + services.pageBytes() - 1 & -services.pageBytes();
    if (!isRange(va, length)) {
      return -Errno.EINVAL;
    }
    space.lock().acquire(cpu);
    unmapLocked(cpu, space, va, va + length);
    space.lock().release(cpu);
    return 0;
  }

  private void unmapLocked(Cpu cpu, AddressSpace space, long from, long to) {
    space.split(cpu, from, to);
    List<Area> gone = space.areas().touching(from, to);
    if (!gone.isEmpty()) {
      gone.forEach(space::detach);
      MmuGather gather = services.userTables().gather(space.mm(), /* isFullMm= */ false);
      for (Area area : gone) {
        unmapArea(cpu, gather, area);
      }
      freeTables(cpu, space, gather, gone);
      gather.finish(cpu);
      gone.forEach(area -> area.backing().close(cpu));
    }
    changed(cpu, space, from, to, 0);
  }

  private void unmapArea(Cpu cpu, MmuGather gather, Area area) {
    if (area.hugeFile() != null) {
      parts.shared().unshare(cpu, gather, area.from(), area.to());
    }
    zap(cpu, gather, area.from(), area.to(), /* reclaims= */ false);
  }

  private void zap(Cpu cpu, MmuGather gather, long from, long to, boolean reclaims) {
    services.userTables().zap(cpu, gather, from, to, unmapping, reclaims);
    gather.endArea(cpu);
  }

  /** Tables that no other area needs go. */
  private void freeTables(Cpu cpu, AddressSpace space, MmuGather gather, List<Area> gone) {
    gather.freeAreas(cpu);
    gone.forEach(area -> space.unlink(cpu, area));
    long floor = space.areas().endBefore(gone.getFirst().from(), 0);
    long ceiling = space.areas().startAfter(gone.getLast().to(), 0);
    freeTables(cpu, gather, gone, floor, ceiling);
  }

  /** Models {@code free_pgtables()}: areas that lie close together go in one walk. */
  private void freeTables(Cpu cpu, MmuGather gather, List<Area> gone, long floor, long ceiling) {
    long closeBytes = services.format().levelBytes(2);
    for (int first = 0, next; first < gone.size(); first = next) {
      next = first + 1;
      while (next < gone.size() && gone.get(next).from() <= gone.get(next - 1).to() + closeBytes) {
        next++;
      }
      long from = gone.get(first).from();
      long to = gone.get(next - 1).to();
      long below = next < gone.size() ? gone.get(next).from() : ceiling;
      services.userTables().freeTables(cpu, gather, from, to, floor, below);
    }
  }

  // ---- mprotect, madvise

  /** Changes what a range allows. Models {@code mprotect(2)}. */
  public int protect(Cpu cpu, AddressSpace space, long va, long bytes, int access) {
    cpu.charge(Primitive.SYSCALL);
    if (!isRange(va, bytes)) {
      return -Errno.EINVAL;
    }
    space.lock().acquire(cpu);
    int result = -Errno.ENOMEM;
    boolean hasHuge =
        space.areas().touching(va, va + bytes).stream().anyMatch(area -> area.hugeFile() != null);
    if (hasHuge) {
      result = -Errno.EINVAL;
    } else if (space.areas().covers(va, va + bytes)) {
      space.split(cpu, va, va + bytes);
      MmuGather gather = services.userTables().gather(space.mm(), /* isFullMm= */ false);
      for (Area area : space.areas().touching(va, va + bytes)) {
        area.setAccess(access);
        protection.apply(cpu, space, area, gather);
      }
      gather.finish(cpu);
      space.merge(cpu, va, va + bytes);
      changed(cpu, space, va, va + bytes, access);
      result = 0;
    }
    space.lock().release(cpu);
    return result;
  }

  /** Drops what a range holds. Models {@code madvise(2)} with MADV_DONTNEED. */
  public int dontNeed(Cpu cpu, AddressSpace space, long va, long bytes) {
    return advise(
        cpu,
        space,
        va,
        bytes,
        area -> !area.backing().isLocked() && area.hugeFile() == null,
        (gather, part) -> zap(cpu, gather, part.from(), part.to(), /* reclaims= */ true));
  }

  /** Allows the kernel to drop what a range holds. Models {@code madvise(2)} with MADV_FREE. */
  public int free(Cpu cpu, AddressSpace space, long va, long bytes) {
    return advise(
        cpu,
        space,
        va,
        bytes,
        Area::isAnonymous,
        (gather, part) -> protection.clean(cpu, space, part, gather));
  }

  /** Takes an advice in a range's areas, in order, up to the first that does not allow it. */
  private int advise(
      Cpu cpu,
      AddressSpace space,
      long va,
      long bytes,
      Predicate<Area> allows,
      BiConsumer<MmuGather, Area> take) {
    cpu.charge(Primitive.SYSCALL);
    if (!isRange(va, bytes)) {
      return -Errno.EINVAL;
    }
    space.lock().acquireShared(cpu);
    int result = space.areas().covers(va, va + bytes) ? 0 : -Errno.ENOMEM;
    for (Area area : space.areas().touching(va, va + bytes)) {
      if (!allows.test(area)) {
        result = -Errno.EINVAL;
        break;
      }
      long from = Math.max(va, area.from());
      long to = Math.min(va + bytes, area.to());
      MmuGather gather = services.userTables().gather(space.mm(), /* isFullMm= */ false);
      take.accept(gather, area.at(from, to, area.index(from, services.pageShift())));
      gather.finish(cpu);
    }
    space.lock().releaseShared(cpu);
    return result;
  }

  /** Joins the small pages around an address. Models {@code madvise(2)} with MADV_COLLAPSE. */
  public int collapse(Cpu cpu, AddressSpace space, long va) {
    cpu.charge(Primitive.SYSCALL);
    return parts.huge().collapse(cpu, space, va);
  }

  // ---- mremap

  /**
   * Moves, grows or shrinks a mapping. Models {@code mremap(2)} with MREMAP_MAYMOVE.
   *
   * @param fixedTo where it has to go (MREMAP_FIXED), or {@link #ANYWHERE}
   * @return the new address or a negative error
   */
  public long remap(Cpu cpu, AddressSpace space, long va, long bytes, long newBytes, long fixedTo) {
    cpu.charge(Primitive.SYSCALL);
    if (!isRange(va, bytes) || newBytes <= 0 || !isAligned(newBytes)) {
      return -Errno.EINVAL;
    }
    boolean isFixed = fixedTo != ANYWHERE;
    boolean overlaps = isFixed && fixedTo < va + bytes && va < fixedTo + newBytes;
    if (isFixed && (!isRange(fixedTo, newBytes) || overlaps)) {
      return -Errno.EINVAL;
    }
    space.lock().acquire(cpu);
    long result = remapLocked(cpu, space, va, bytes, newBytes, fixedTo);
    space.lock().release(cpu);
    return result;
  }

  private long remapLocked(
      Cpu cpu, AddressSpace space, long va, long bytes, long newBytes, long fixedTo) {
    Area area = space.areas().find(va);
    if (area == null || va + bytes > area.to()) {
      return -Errno.EFAULT;
    }
    if (area.hugeFile() != null) {
      return -Errno.EINVAL;
    }
    long kept = Math.min(bytes, newBytes);
    if (kept < bytes) {
      unmapLocked(cpu, space, va + kept, va + bytes);
    }
    if (fixedTo == ANYWHERE) {
      if (kept == newBytes) {
        return va;
      }
      boolean hasRoom = newBytes <= end - va && space.areas().isFree(va + bytes, va + newBytes);
      if (area.to() == va + bytes && hasRoom) {
        area.setTo(va + newBytes);
        changed(cpu, space, va, va + newBytes, area.access());
        return va;
      }
    } else {
      unmapLocked(cpu, space, fixedTo, fixedTo + newBytes);
    }
    long to = fixedTo == ANYWHERE ? findGap(space, newBytes) : fixedTo;
    return to < 0 ? -Errno.ENOMEM : move(cpu, space, va, kept, to, newBytes);
  }

  /** Models {@code move_vma()}. */
  private long move(Cpu cpu, AddressSpace space, long va, long kept, long to, long newBytes) {
    space.split(cpu, va, va + kept);
    Area old = space.areas().find(va);
    assert old != null && old.to() == va + kept : old;
    Area moved = old.at(to, to + newBytes, old.index(va, services.pageShift()));
    space.insert(cpu, moved);
    changed(cpu, space, to, to + newBytes, moved.access());
    long done = parts.remapping().move(cpu, space.mm(), va, to, kept);
    if (done < kept) {
      int error = parts.remapping().undo(cpu, space.mm(), moved, va, to, done);
      unmapLocked(cpu, space, to, to + newBytes);
      return error;
    }
    unmapLocked(cpu, space, va, va + kept);
    space.merge(cpu, to, to + newBytes);
    return to;
  }

  private boolean isAligned(long va) {
    return (va & services.pageBytes() - 1) == 0;
  }

  private boolean isRange(long va, long bytes) {
    return isAligned(va) && isAligned(bytes) && bytes > 0 && va >= 0 && bytes <= end - va;
  }

  // ---- faults, pins, reclaim

  /**
   * User mode touched something that its tables do not allow; may sleep.
   *
   * @param access bits of {@link Access}
   * @return 0, {@code -EFAULT} or {@code -ENOMEM}
   */
  public int fault(Cpu cpu, AddressSpace space, long va, int access) {
    return faults.handle(cpu, space, va, access);
  }

  /** Pins the page behind an address, with a fault where that is needed; may sleep. */
  public long pin(Cpu cpu, AddressSpace space, long va, boolean write) {
    return parts.gup().pin(cpu, space, faults, va, write);
  }

  /** Pins that need no lock. */
  public GupFast gup() {
    return parts.gup();
  }

  /** Middle tables that several processes use, and files of huge pages. */
  public SharedTables shared() {
    return parts.shared();
  }

  /**
   * Moves the page behind an address to another frame; may sleep. Models {@code move_pages(2)} with
   * {@code MPOL_MF_MOVE_ALL} for one page.
   *
   * @return 0; {@code -EFAULT} outside areas and for the zero page; {@code -ENOENT} where no small
   *     page is mapped; {@code -EBUSY} for pages that never move; {@code -EAGAIN} when somebody
   *     holds on to it, or memory is short
   */
  public int movePage(Cpu cpu, AddressSpace space, long va) {
    cpu.charge(Primitive.SYSCALL);
    space.lock().acquireShared(cpu);
    long found =
        space.areas().find(va) == null ? -Errno.EFAULT : parts.migration().find(cpu, space, va);
    space.lock().releaseShared(cpu);
    if (found < 0) {
      return (int) found;
    }
    Compaction compaction = services.allocator().compaction();
    return compaction.moveAnywhere(cpu, cpu.id(), found, 0) ? 0 : -Errno.EAGAIN;
  }

  /** Takes pages of a file from those who map them and frees them; answers how many. */
  public int reclaim(Cpu cpu, FilePages file, long firstIndex, long count) {
    return reclaim.reclaim(cpu, file, firstIndex, count);
  }

  /** Cuts a file. Models {@code ftruncate(2)}. */
  public int truncate(Cpu cpu, FilePages file, long firstIndex) {
    cpu.charge(Primitive.SYSCALL);
    return reclaim.truncate(cpu, file, firstIndex);
  }

  @Override
  public void release(Cpu cpu, long pfn, int order) {
    services.frames().put(cpu, pfn);
  }

  // ---- life of an address space

  @Override
  public int create(Cpu cpu, Mm mm) {
    mm.setPart(Mm.Part.VM, new AddressSpace(mm, services.pageShift()));
    services.events().record(VmEvent.ZERO_PAGE, cpu.id(), services.zeroPfn(), 0, 0);
    return services.adoptTables(cpu, mm);
  }

  @Override
  public void destroy(Cpu cpu, Mm mm) {
    services.disownTables(cpu, mm);
  }

  @Override
  public int duplicate(Cpu cpu, Mm from, Mm to) {
    return forking.copy(cpu, AddressSpace.of(from), AddressSpace.of(to));
  }

  /** Unmaps everything. Models {@code exit_mmap()} after {@code arch_exit_mmap()}. */
  @Override
  public void exit(Cpu cpu, Mm mm) {
    if (mm.part(Mm.Part.VM) == null) {
      return;
    }
    AddressSpace space = AddressSpace.of(mm);
    space.lock().acquire(cpu);
    List<Area> gone = space.areas().all();
    MmuGather gather = services.userTables().gather(mm, /* isFullMm= */ true);
    for (Area area : gone) {
      unmapArea(cpu, gather, area);
    }
    gone.forEach(area -> {
      space.detach(area);
      space.unlink(cpu, area);
    });
    freeTables(cpu, gather, gone, /* floor= */ 0, /* ceiling= */ 0);
    gather.finish(cpu);
    gone.forEach(area -> area.backing().close(cpu));
    space.lock().release(cpu);
  }
}
