package org.pagewright.kernel.secret;

/** What a checker may see of a file whose pages are secret. */
public interface SecretFileView {
  /** Number of the file, which owns its frames and appears in their content tags. */
  int file();

  /** Size of the file. */
  long bytes();

  /** Its pages. */
  FileMapping mapping();

  /** Whether the page at an index is promised to be absent from the direct map. */
  boolean isRemoved(long index);
}
