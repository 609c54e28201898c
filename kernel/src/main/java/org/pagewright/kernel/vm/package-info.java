/**
 * User memory: areas, faults, fork, exec, exit, protections, moves, huge pages, pins.
 *
 * <p>Models mm/{mmap,vma,memory,mprotect,mremap,madvise,rmap,migrate,gup,huge_memory,khugepaged}.c
 * and kernel/fork.c, Linux 7.0, on top of the tables and gathers of {@code kernel.gather}.
 *
 * <p>Entry class: {@link org.pagewright.kernel.vm.UserMemory}. Others: {@link
 * org.pagewright.kernel.vm.AddressSpace} (the areas of one process), {@link
 * org.pagewright.kernel.vm.Frames} (who refers to a frame), {@link
 * org.pagewright.kernel.vm.GupFast}, {@link org.pagewright.kernel.vm.HugePages}, {@link
 * org.pagewright.kernel.vm.Migration} (pages that go to other frames).
 *
 * <p>Invariants: when a call that takes something away returns, no CPU can use what it took away
 * (oracle {@code user-translations}); an entry holds a reference to the frame that it maps; when
 * the last address space is gone, so are all user tables and all frames that nobody pinned.
 *
 * <p>Left out: swap, userfaultfd, NUMA balancing, soft-dirty bits, locks of single areas, hints for
 * addresses, growing stacks.
 */
@NullMarked
package org.pagewright.kernel.vm;

import org.jspecify.annotations.NullMarked;
