/**
 * Mutation: how many slips of the programmer do the checkers notice?
 *
 * <p>Models nothing of Linux. A mutant is the kernel with one changed instruction. Whoever runs
 * mutants is not shipped and comes as a service; here is what it is asked and what it answers.
 *
 * <p>Entry class: {@link org.pagewright.lab.mutation.MutationRunner}. Others: {@link
 * org.pagewright.lab.mutation.MutationPlan}, {@link org.pagewright.lab.mutation.MutantResult},
 * {@link org.pagewright.lab.mutation.MutationLog}, {@link
 * org.pagewright.lab.mutation.MutationTable}.
 *
 * <p>Invariants: the same plan gives the same results, in one run or in several with the same log;
 * only a mutant that runs into the limit of time may differ from machine to machine.
 *
 * <p>Left out: mutants of two instructions, and mutants of checkers and of the hardware.
 */
@NullMarked
package org.pagewright.lab.mutation;

import org.jspecify.annotations.NullMarked;
