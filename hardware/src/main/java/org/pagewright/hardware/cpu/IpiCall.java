package org.pagewright.hardware.cpu;

/** A call on its way to other CPUs, and who has not acknowledged it. */
final class IpiCall implements Interleaving.Condition {
  final Cpu from;
  final IpiWork work;
  final long number;
  final CpuMask waitingFor;

  /** How many CPUs it was sent to. */
  int targets;

  /** When it reaches a target at the earliest. */
  long arrivalCycle;

  /** When the last acknowledgement so far was written. */
  long acknowledgedCycle;

  IpiCall(Cpu from, IpiWork work, long number) {
    this.from = from;
    this.work = work;
    this.number = number;
    this.waitingFor = new CpuMask(from.machine().cpus());
  }

  @Override
  public boolean holds() {
    return waitingFor.isEmpty();
  }

  @Override
  public String describe() {
    return "acknowledgement of call " + number + " by CPUs " + waitingFor;
  }
}
