/**
 * The lives of page tables: constructed before they are hooked in, destructed once before their
 * page goes.
 *
 * <p>Models include/linux/mm.h ({@code pagetable_*_ctor()}, {@code pagetable_dtor()}), {@code
 * struct ptdesc}, split page-table locks, and what of it differs between architectures (Linux 6.12
 * to 7.0). Series: "Account page tables at all levels" (Jan 2025), "Always call constructor for
 * kernel page tables" (Mar 2025).
 *
 * <p>Entry class: {@link org.pagewright.kernel.tablelife.TableConstructors}. Key types: {@link
 * org.pagewright.kernel.tablelife.TableAllocator} (allocate and construct, destruct and free),
 * {@link org.pagewright.kernel.tablelife.PageTableDescriptor} (what is known of a table), {@link
 * org.pagewright.kernel.tablelife.TableConfig} (which tables have locks).
 *
 * <p>Invariants: a frame has a descriptor if and only if it is a constructed table; a table of the
 * kernel has no lock of its own; pages are counted from construction to destruction.
 *
 * <p>Left out: accounting per node and per memory cgroup; highmem tables.
 */
@NullMarked
package org.pagewright.kernel.tablelife;

import org.jspecify.annotations.NullMarked;
