package org.pagewright.kernel.tablelife;

import org.jspecify.annotations.Nullable;

/** The descriptor of every constructed table, by its first frame. */
final class TableDescriptors {
  /** Descriptors per chunk: what 16 MiB of frames may need. */
  private static final int CHUNK_SHIFT = 12;

  private static final int CHUNK = 1 << CHUNK_SHIFT;

  private final @Nullable PageTableDescriptor[] @Nullable [] chunks;

  TableDescriptors(long frames) {
    chunks = new PageTableDescriptor[Math.toIntExact((frames + CHUNK - 1) >>> CHUNK_SHIFT)][];
  }

  @Nullable PageTableDescriptor at(long pfn) {
    @Nullable PageTableDescriptor[] chunk = chunks[(int) (pfn >>> CHUNK_SHIFT)];
    return chunk == null ? null : chunk[(int) pfn & CHUNK - 1];
  }

  void set(long pfn, @Nullable PageTableDescriptor descriptor) {
    int at = (int) (pfn >>> CHUNK_SHIFT);
    @Nullable PageTableDescriptor[] chunk = chunks[at];
    if (chunk == null) {
      chunk = new PageTableDescriptor[CHUNK];
      chunks[at] = chunk;
    }
    chunk[(int) pfn & CHUNK - 1] = descriptor;
  }
}
