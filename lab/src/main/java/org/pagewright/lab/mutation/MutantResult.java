package org.pagewright.lab.mutation;

/**
 * What became of a mutant.
 *
 * @param by the oracle or the exception that noticed it first; empty if nothing did
 * @param stage the part of the battery that noticed it; empty if none did
 */
public record MutantResult(MutantPlace place, Fate fate, String by, String stage) {
  /** How a mutant ended. */
  public enum Fate {
    /** No run comes to the changed instruction. */
    NOT_REACHED,
    /** A property of a checker was broken. */
    ORACLE,
    /** The kernel or a checker could not go on. */
    EXCEPTION,
    /** It went on for much longer than the kernel without the change. */
    TIMEOUT,
    /** Nobody noticed anything. */
    SURVIVED;

    /** Whether somebody noticed it. */
    public boolean isKilled() {
      return this == ORACLE || this == EXCEPTION || this == TIMEOUT;
    }
  }
}
