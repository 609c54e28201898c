package org.pagewright.kernel.secret;

/** How a user asks the page allocator for a page of the unmapped pool. */
public enum PoolRequest {
  /** {@code __GFP_UNMAPPED} in the request (v1, v2). */
  GFP_BIT,
  /**
   * {@code ALLOC_UNMAPPED}, known inside mm only (v3, v4); it excludes zeroing by the allocator.
   */
  ALLOC_FLAG
}
