package org.pagewright.hardware.memory;

/**
 * Owner and content of every frame, as two numbers whose meaning the kernel gives.
 *
 * <p>Content tags make leaks visible without reading bytes: a frame that says "secret of X" and
 * belongs to Y was not cleaned. Zero means nobody and nothing.
 */
public final class FrameTags implements AutoCloseable {
  private final SparseInts owners;
  private final SparseInts contents;

  /** Tags for the frames {@code [0, frames)}. */
  public FrameTags(long frames) {
    this.owners = new SparseInts(frames);
    this.contents = new SparseInts(frames);
  }

  public long frames() {
    return owners.length();
  }

  public int owner(long pfn) {
    return owners.get(pfn);
  }

  public void setOwner(long pfn, int owner) {
    owners.set(pfn, owner);
  }

  public int content(long pfn) {
    return contents.get(pfn);
  }

  public void setContent(long pfn, int content) {
    contents.set(pfn, content);
  }

  /** Sets owner and content of {@code frames} frames from {@code pfn} on. */
  public void tag(long pfn, long frames, int owner, int content) {
    owners.fill(pfn, pfn + frames, owner);
    contents.fill(pfn, pfn + frames, content);
  }

  @Override
  public void close() {
    owners.close();
    contents.close();
  }
}
