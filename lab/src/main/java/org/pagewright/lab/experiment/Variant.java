package org.pagewright.lab.experiment;

/**
 * One of the designs that an experiment compares.
 *
 * @param byDefault whether it runs when no variant is asked for
 */
public record Variant(String name, String summary, boolean byDefault) {}
