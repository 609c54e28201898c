/**
 * Oracles: properties that no run may break, whatever the kernel at hand does.
 *
 * <p>An oracle sees a kernel from outside: events in the order in which they happened, and
 * read-only views of allocator, tables, translation caches and mermap. It keeps shadow state of its
 * own, calls no kernel decision code, and states a property, never the signature of one bug. Its
 * header says property, what it sees, when it is checked, and what it does not check.
 *
 * <p>Entry class: {@link org.pagewright.check.oracle.Oracles}, which attaches all of them to a
 * kernel. Others: {@link org.pagewright.check.oracle.Oracle}, {@link
 * org.pagewright.check.oracle.Violation}, {@link org.pagewright.check.oracle.WatchedKernel}.
 *
 * <p>Invariants: oracles see each event of the kinds that they declare, and their code looks for no
 * others, before the kernel goes on; a kernel without a bug is silent in straight and in explored
 * runs; looking changes no clock and no cache.
 *
 * <p>Left out: the equality of kernel halves of all roots, break-before-make, and leaks at exit.
 * docs/models/gallery.md says which known bugs that leaves unfound.
 */
@NullMarked
package org.pagewright.check.oracle;

import org.jspecify.annotations.NullMarked;
