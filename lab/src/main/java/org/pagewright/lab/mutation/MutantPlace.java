package org.pagewright.lab.mutation;

/**
 * Where a mutant differs from the kernel, and how.
 *
 * @param type the class, with its package
 * @param mutator the kind of change, in kebab-case
 * @param what the change, in a few words
 * @param source the line as it is written, without indentation; empty where it is not at hand
 */
public record MutantPlace(
    String type, String method, int line, String mutator, String what, String source) {
  /** The same with its source. */
  public MutantPlace withSource(String text) {
    return new MutantPlace(type, method, line, mutator, what, text);
  }

  /** The package without what all packages of the kernel begin with. */
  public String area() {
    String name = type.substring(0, type.lastIndexOf('.'));
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** As in {@code Zone:120}. */
  public String text() {
    String name = type.substring(type.lastIndexOf('.') + 1);
    return name + ":" + line;
  }
}
