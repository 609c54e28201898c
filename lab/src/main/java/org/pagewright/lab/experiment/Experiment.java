package org.pagewright.lab.experiment;

import java.util.List;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/** A question about designs that running them on a simulated machine answers. */
public interface Experiment {

  /** A measured quantity; the first of an experiment is the one its table is about. */
  record Metric(String name, Unit unit) {}

  /** Something counted or seen in a sample, with a sentence that says what it is. */
  record Counted(String name, Unit unit, String meaning) {}

  /** The name it is run by. */
  String name();

  /** What it asks and how, in a few sentences. */
  String description();

  /** The designs it compares; the first is the reference. */
  List<Variant> variants();

  /** What can be set. */
  List<Parameter> parameters();

  /** What is measured. */
  List<Metric> metrics();

  /** Where the time of the CPU under test can go. */
  List<Breakdown.Category> parts();

  /** Where the time of the other CPUs can go. */
  List<Breakdown.Category> otherParts();

  /** What is counted. */
  List<Counted> counted();

  /** How many samples to take when nobody says. */
  int samples();

  /** Whether a run can start with memory as a recorded trace leaves it. */
  default boolean canStartAfterTrace() {
    return false;
  }

  /** Runs one sample; called from several threads at once for different trials. */
  Sample run(Trial trial);

  /** What a reader must know beside the numbers of a run with these values. */
  default List<Finding> notes(Trial first) {
    return List.of();
  }
}
