/**
 * Properties of the lives of page tables and of the gathers that end them.
 *
 * <p>About kernel.tablelife and kernel.gather: tables are constructed before use and destructed
 * once, are empty when they go, and no page goes clean while a CPU can still write it. About
 * kernel.vm: what the tables of processes map is theirs, entries are changed under their locks, and
 * no CPU goes on with what was taken away.
 *
 * <p>Entry class: {@link org.pagewright.check.tables.TableOracles}. Key type: {@link
 * org.pagewright.check.tables.HookedTables} (which tables hang where, told by entry writes).
 *
 * <p>Invariants: as those of all oracles, {@link org.pagewright.check.oracle.Oracles}.
 *
 * <p>Left out: whether a table is used at all after it went, which {@code table-life} watches.
 */
@NullMarked
package org.pagewright.check.tables;

import org.jspecify.annotations.NullMarked;
