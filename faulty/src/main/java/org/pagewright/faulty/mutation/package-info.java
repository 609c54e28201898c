/**
 * Mutants of the kernel, and the battery of checks that must notice them.
 *
 * <p>Models nothing of Linux. A mutant is one changed instruction of the page allocator, the direct
 * map, the mermap, the mm-local region or the page tables. It is put into the class file while a
 * virtual machine of its own runs, so that nothing of it is ever on the shipped path.
 *
 * <p>Entry class: {@link org.pagewright.faulty.mutation.ForkedMutationRunner}. Others: {@link
 * org.pagewright.faulty.mutation.Mutator} (the kinds of changes), {@link
 * org.pagewright.faulty.mutation.Battery} (what is run on each mutant), {@link
 * org.pagewright.faulty.mutation.MutationWorker} (the virtual machine that tries them).
 *
 * <p>Invariants: the battery is silent without a mutant; it is bounded by counts, not by time; a
 * mutant is only run in the parts of the battery that reach its instruction.
 *
 * <p>Left out: assertions, messages of exceptions, calls that only charge time or tell checkers
 * what happens, and values that a class computes when it is loaded.
 */
@NullMarked
package org.pagewright.faulty.mutation;

import org.jspecify.annotations.NullMarked;
