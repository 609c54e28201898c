package org.pagewright.lab.mutation;

import java.util.List;

/**
 * Which mutants are tried.
 *
 * @param seed of the draw of mutants
 * @param mutants most mutants, drawn from all packages by their share
 * @param packages last parts of names of packages; empty for all that are mutated
 * @param types simple names of classes; empty for all
 * @param jobs how many virtual machines try mutants at the same time
 * @param seconds after which a mutant is given up
 * @param isSmoke whether only the quick parts of the battery are run
 */
public record MutationPlan(
    long seed,
    int mutants,
    List<String> packages,
    List<String> types,
    int jobs,
    int seconds,
    boolean isSmoke) {}
