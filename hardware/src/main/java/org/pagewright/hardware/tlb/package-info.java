/**
 * Translation lookaside buffers and paging-structure caches, one set per CPU.
 *
 * <p>Models what the manuals of x86-64, arm64 and RISC-V allow a processor to remember of page
 * tables, and what their invalidation instructions must make it forget. Geometry is data with
 * presets of real cores.
 *
 * <p>Entry class: {@code Tlb}. Key types: {@code TlbGeometry} and {@code TlbGeometries} (which
 * arrays a core has), {@code TlbScope} (what an invalidation covers), {@code Tlbi} (operations of
 * arm64's TLBI), {@code StructureCache} (tables by address prefix), {@code TlbView} (what checkers
 * see), {@code AccessUse} (what an access reads and changes).
 *
 * <p>Invariants: an entry was a valid translation at some instant since the last invalidation that
 * covers it; it keeps the rights and the protection key of that instant; an address-space number
 * matches exactly or the entry is global. Which entry is evicted depends on ages only.
 *
 * <p>Left out: second-stage translation, shared TLBs of sibling threads, prefetchers (speculative
 * fills are decisions made by the CPU model), coalescing of neighbouring pages, cycle timing.
 */
@NullMarked
package org.pagewright.hardware.tlb;

import org.jspecify.annotations.NullMarked;
