package org.pagewright.kernel.vm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.SparseInts;
import org.pagewright.hardware.memory.SparseLongs;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * Reference and map counts of the frames that users map, and who may map each. Models {@code
 * folio->_refcount}, {@code folio->_mapcount}, {@code folio->mapping} and {@code folio->index}.
 *
 * <p>Counts of a huge page are kept at its first frame, as for a folio. A frame without a count
 * (the zero page, secret memory) belongs to somebody who frees it when nobody can map it any more.
 * What is left out: map counts of single pages of a huge one.
 */
public final class Frames implements AutoCloseable {
  private static final long STEPS = 1L << 61;

  private final PageAllocator allocator;
  private final EventLog events;
  private final SparseInts references;
  private final SparseInts maps;

  /** Order of a huge page at its first frame. */
  private final SparseInts orders;

  /** How far a frame is from the first one of its huge page. */
  private final SparseInts offsets;

  /** Number of the users of a frame, at its first one; 0 is none. */
  private final SparseInts users;

  private final SparseLongs indexes;
  private final List<@Nullable PageUsers> known = new ArrayList<>();

  Frames(PageAllocator allocator, EventLog events, long frames) {
    this.events = events;
    this.allocator = allocator;
    this.references = new SparseInts(frames);
    this.maps = new SparseInts(frames);
    this.orders = new SparseInts(frames);
    this.offsets = new SparseInts(frames);
    this.users = new SparseInts(frames);
    this.indexes = new SparseLongs(frames);
    known.add(null);
  }

  // ---- blocks

  /** Takes a block of zeroed or other frames with one reference; {@link PageAllocator#NONE}. */
  long allocate(Cpu cpu, int gfp, int order) {
    long pfn = allocator.allocate(cpu, gfp, order);
    if (pfn == PageAllocator.NONE) {
      return pfn;
    }
    orders.set(pfn, order);
    for (int i = 1; i < 1 << order; i++) {
      offsets.set(pfn + i, i);
    }
    references.set(pfn, 1);
    maps.set(pfn, 0);
    users.set(pfn, 0);
    return pfn;
  }

  /** First frame of the block that a frame belongs to. */
  public long head(long pfn) {
    return pfn - offsets.get(pfn);
  }

  public int order(long pfn) {
    return orders.get(head(pfn));
  }

  /** Whether the frame lives as long as somebody refers to it. */
  public boolean isCounted(long pfn) {
    return references.get(head(pfn)) > 0;
  }

  public int references(long pfn) {
    return references.get(head(pfn));
  }

  public int maps(long pfn) {
    return maps.get(head(pfn));
  }

  /** How many references there are, for somebody who does not keep others from changing that. */
  int countReferences(Cpu cpu, long pfn) {
    cpu.step(Step.LOAD, stepAddress(pfn));
    return references(pfn);
  }

  /** Whether one reference is all there is, and one entry that maps it. */
  boolean hasOneUse(Cpu cpu, long pfn) {
    return countReferences(cpu, pfn) == 1 && maps(pfn) == 1;
  }

  // ---- references

  /** One more reference for somebody who has one. Models {@code folio_get()}. */
  void get(long pfn) {
    add(pfn, 1);
  }

  /** So many more references, as when a huge entry becomes many. */
  void add(long pfn, int count) {
    long head = head(pfn);
    assert references.get(head) > 0 : pfn;
    references.set(head, references.get(head) + count);
  }

  /**
   * A reference for somebody who has none: false when the frame is free. Models {@code
   * folio_try_get()}.
   */
  boolean tryGet(Cpu cpu, long pfn) {
    cpu.step(Step.STORE, stepAddress(pfn));
    long head = head(pfn);
    if (references.get(head) == 0) {
      return false;
    }
    references.set(head, references.get(head) + 1);
    return true;
  }

  /** Gives a reference back, and the block with the last one. Models {@code folio_put()}. */
  void put(Cpu cpu, long pfn) {
    cpu.step(Step.STORE, stepAddress(pfn));
    long head = head(pfn);
    int left = references.get(head) - 1;
    assert left >= 0 : "frame " + pfn;
    references.set(head, left);
    if (left == 0) {
      free(cpu, head);
    }
  }

  private void free(Cpu cpu, long head) {
    int order = orders.get(head);
    assert maps.get(head) == 0 : "frame " + head + " is mapped " + maps.get(head) + " times";
    users.set(head, 0);
    orders.set(head, 0);
    for (int i = 1; i < 1 << order; i++) {
      offsets.set(head + i, 0);
    }
    cpu.step(Step.FREE, head << cpu.machine().format().pageShift() | order);
    allocator.free(cpu, head, order);
  }

  /** Address of the steps that touch the count of a frame. */
  private long stepAddress(long pfn) {
    return STEPS | head(pfn);
  }

  // ---- moving

  /**
   * Makes a free frame what another one was. The caller has a reference to each of them then, and
   * {@code moved} others go along. Models {@code __folio_migrate_mapping()} for single pages.
   */
  void transfer(long fromPfn, long toPfn, int moved) {
    assert orders.get(fromPfn) == 0 && maps.get(fromPfn) == 0 : fromPfn;
    orders.set(toPfn, 0);
    references.set(toPfn, 1 + moved);
    maps.set(toPfn, 0);
    users.set(toPfn, users.get(fromPfn));
    indexes.set(toPfn, indexes.get(fromPfn));
    references.set(fromPfn, references.get(fromPfn) - moved);
    users.set(fromPfn, 0);
  }

  /** Gives a reference back; true if it was the last, and the frame is the caller's to free. */
  boolean letGo(Cpu cpu, long pfn) {
    cpu.step(Step.STORE, stepAddress(pfn));
    int left = references.get(pfn) - 1;
    references.set(pfn, left);
    return left == 0;
  }

  // ---- maps

  /** An entry maps it from here on. */
  void map(long pfn) {
    addMaps(pfn, 1);
  }

  void addMaps(long pfn, int count) {
    long head = head(pfn);
    maps.set(head, maps.get(head) + count);
    events.record(VmEvent.MAPS_COUNTED, /* cpu= */ 0, head, maps.get(head), 0);
  }

  /** An entry maps it no more; its reference is still held. */
  void unmap(long pfn) {
    long head = head(pfn);
    int left = maps.get(head) - 1;
    assert left >= 0 : "frame " + pfn;
    maps.set(head, left);
    events.record(VmEvent.MAPS_COUNTED, /* cpu= */ 0, head, left, 0);
  }

  // ---- reverse mapping

  /** Says who may map a frame: the page with an index of theirs. */
  void setUsers(long pfn, PageUsers owners, long index) {
    users.set(pfn, owners.number());
    indexes.set(pfn, index);
  }

  /** Who may map a frame; null for nobody. */
  @Nullable PageUsers users(long pfn) {
    return known.get(users.get(head(pfn)));
  }

  /** Index of a frame among the pages of those who may map it. */
  long index(long pfn) {
    long head = head(pfn);
    return indexes.get(head) + (pfn - head);
  }

  /** Makes a group that may map pages. */
  PageUsers createUsers(@Nullable FilePages file) {
    PageUsers owners = new PageUsers(known.size(), file);
    known.add(owners);
    return owners;
  }

  /** Forgets a group: none of its pages exist any more. */
  void forget(PageUsers owners) {
    known.set(owners.number(), null);
  }

  @Override
  public void close() {
    references.close();
    maps.close();
    orders.close();
    offsets.close();
    users.close();
    indexes.close();
  }
}
