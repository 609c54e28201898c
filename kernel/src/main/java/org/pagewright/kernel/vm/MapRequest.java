package org.pagewright.kernel.vm;

/**
 * The arguments of {@code mmap(2)}.
 *
 * @param va where (MAP_FIXED), or 0 for the kernel's choice
 * @param access allowed accesses, as bits of {@link org.pagewright.hardware.paging.Access}
 * @param isShared MAP_SHARED instead of MAP_PRIVATE
 * @param firstIndex first page of what is mapped; without meaning for anonymous memory
 */
public record MapRequest(
    long va, long bytes, int access, boolean isShared, Backing backing, long firstIndex) {
  boolean isFixed() {
    return va != 0;
  }
}
