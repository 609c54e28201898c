package org.pagewright.lab.report;

/**
 * One entry of the cost table that a run used.
 *
 * @param value the value with its unit, as the table's file gives it
 * @param cycles what a run charges for it
 * @param kind manual, paper, published, measured or derived
 */
public record CostLine(
    String primitive, String value, double cycles, String kind, String confidence, String source) {}
