package org.pagewright.check.kpkeys;

/**
 * What a search has shown.
 *
 * @param histories histories that were run
 * @param states states that look different
 * @param isComplete whether every state's successors were looked at
 * @param depthMax deepest nesting of splits
 * @param fewestKept the fewest pages that a split in progress left for the next one
 * @param refused histories in which something was refused and nothing changed
 * @param broken histories that broke a property
 * @param example the shortest of these, or empty
 */
public record SplitFindings(
    long histories,
    int states,
    boolean isComplete,
    int depthMax,
    long fewestKept,
    long refused,
    long broken,
    String example) {}
