/**
 * Memory images: simulated RAM that holds page tables, and a manifest of what they map, for tools
 * that walk them with walkers of their own.
 *
 * <p>Entry class: {@link MemoryImage}. {@link ImageScenario} builds one: every page size with every
 * combination of rights, or a random tree of a seed. {@link Manifest} is the content of {@code
 * manifest.json}; its {@link Mapping}s come from a scan of the tables and the check that every
 * access passes, so that an image says what the simulated hardware does.
 *
 * <p>Invariants: an address of a mapping translates with exactly the listed rights; an address of
 * {@code unmapped} faults. Left out: protection keys and overlays other than zero, entries that
 * hardware must mark accessed or dirty first, and the contents of mapped pages.
 */
@NullMarked
package org.pagewright.hardware.image;

import org.jspecify.annotations.NullMarked;
