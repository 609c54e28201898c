/**
 * What runs on top of the kernel: programs in user mode, and a kernel that has all that they need.
 *
 * <p>Models what user space sees of arch/x86/mm/fault.c and its counterparts, and the wiring of
 * {@code start_kernel()} once processes exist (Linux 7.0).
 *
 * <p>Entry class: {@link org.pagewright.kernel.userland.UserKernel}. Others: {@link
 * org.pagewright.kernel.userland.UserMode} (loads and stores with faults), {@link
 * org.pagewright.kernel.userland.SecretBacking} (areas of memfd_secret), {@link
 * org.pagewright.kernel.userland.PageCacheReclaim} (what reclaim finds).
 *
 * <p>Invariants: user mode runs on the user's tables only; a fault either makes the access possible
 * or ends the program.
 *
 * <p>Left out: instructions, signals, system-call entry.
 */
@NullMarked
package org.pagewright.kernel.userland;

import org.jspecify.annotations.NullMarked;
