package org.pagewright.faulty.mutation;

import org.pagewright.lab.mutation.MutantPlace;

/**
 * A class with one changed instruction.
 *
 * @param method name and descriptor: a class that is loaded has its methods in another order
 * @param instruction which instruction of the method
 * @param place what readers see
 */
record Mutant(String method, int instruction, Mutator mutator, MutantPlace place) {
  String type() {
    return place.type();
  }
}
