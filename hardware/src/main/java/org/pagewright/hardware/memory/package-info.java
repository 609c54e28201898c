/**
 * Simulated physical memory: sparse, off-heap, up to 8 TiB with holes, and per-frame arrays of the
 * same kind.
 *
 * <p>Models what a CPU sees behind the memory bus: an e820-like map of RAM ranges, loads and stores
 * of 1, 4 and 8 bytes, and a machine check for everything else. It knows nothing of page tables.
 *
 * <p>Entry class: {@link org.pagewright.hardware.memory.PhysicalMemory}. Key types: {@link
 * org.pagewright.hardware.memory.MemoryMap} (which addresses are RAM), {@link
 * org.pagewright.hardware.memory.SparseInts}, {@link org.pagewright.hardware.memory.SparseLongs}
 * and {@link org.pagewright.hardware.memory.SparseBytes} (state per frame that costs nothing until
 * touched), {@link org.pagewright.hardware.memory.FrameTags} (owner and content of each frame).
 *
 * <p>Invariants: an access outside RAM never changes memory, answers all ones and latches a machine
 * check; a cell that was never written reads zero; reading and zeroing take no host memory for
 * cells that are zero already. Everything is plain memory for one host thread; only {@code
 * compareAndSet} is atomic.
 *
 * <p>This is the only package that touches {@code java.lang.foreign}.
 *
 * <p>Left out: memory types and caches, ECC, memory-mapped devices, NUMA distances.
 */
@NullMarked
package org.pagewright.hardware.memory;

import org.jspecify.annotations.NullMarked;
