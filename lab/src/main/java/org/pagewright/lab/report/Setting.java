package org.pagewright.lab.report;

/**
 * One resolved setting of a run.
 *
 * @param source where the value came from, such as {@code default}, {@code --set} or a file
 */
public record Setting(String name, String value, String source) {}
