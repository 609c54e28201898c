/**
 * The experiments that there are, and the simulated host that they run on.
 *
 * <p>Each is shaped like a benchmark that the authors of the modelled series use: Firecracker's
 * population latency (cover letter of "mm: Add __GFP_UNMAPPED", RFC, 2026-02), and
 * secretmem-vs-frag and hugepages-alloc of kernel-benchmarks-nix.
 *
 * <p>The entry class is {@link Experiments}. Key types: {@link SimulatedHost} boots a machine file
 * with the kernel features that secret memory needs; {@link Populate}, {@link SecretmemVsFrag} and
 * {@link HugepagesAlloc} are the experiments; {@link HostParts} says where their time went.
 *
 * <p>Invariants: a host belongs to one sample; its kernel code is the kernel module's, nothing of
 * it is repeated here; only {@code Choices} makes samples differ.
 *
 * <p>Left out: KVM, user page faults around the write, reclaim and compaction.
 */
@NullMarked
package org.pagewright.lab.experiment.suite;

import org.jspecify.annotations.NullMarked;
