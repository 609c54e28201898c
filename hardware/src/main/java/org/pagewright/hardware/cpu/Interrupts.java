package org.pagewright.hardware.cpu;

/**
 * Calls on other CPUs. Models {@code smp_call_function_many_cond()} and {@code on_each_cpu_mask()}
 * (kernel/smp.c): work is queued at the targets, an interrupt makes them do it, the sender may wait
 * for all of them.
 *
 * <p>In a straight run a target does the work at once; its clock first catches up with the arrival
 * of the interrupt, and the sender's with the last acknowledgement. In an explored run the work
 * waits until the target takes a step with interrupts on. Left out: single-CPU call batching and
 * the difference between interrupt controllers.
 */
public final class Interrupts {
  /** Every target has done the work, or will without anybody waiting. */
  public static final int ALL_DONE = 0;

  private final Machine machine;
  private InterruptEntry entry = InterruptEntry.NONE;
  private long calls;

  Interrupts(Machine machine) {
    this.machine = machine;
  }

  /** Puts entry code around every interrupt from here on. */
  public void setEntry(InterruptEntry entry) {
    this.entry = entry;
  }

  /** How many calls were made since the machine was made. */
  public long calls() {
    return calls;
  }

  /**
   * Runs {@code work} on all targets and waits. The sender, if it is a target, does its part
   * without an interrupt.
   *
   * @return {@link #ALL_DONE}, or the number of targets that can never do it while the sender
   *     waits: a deadlock of the kernel at hand, which is also an event
   */
  public int call(Cpu from, CpuMask targets, IpiWork work) {
    checkMayWait(from, targets);
    IpiCall call = send(from, targets, work);
    runHere(from, targets, work);
    return await(call);
  }

  /** Runs {@code work} on all targets but does not wait for them. */
  public void callAndGoOn(Cpu from, CpuMask targets, IpiWork work) {
    IpiCall call = send(from, targets, work);
    assert call.number > 0;
    runHere(from, targets, work);
  }

  private void checkMayWait(Cpu from, CpuMask targets) {
    boolean hasOthers = targets.count() > (targets.has(from.id()) ? 1 : 0);
    if (!hasOthers) {
      return;
    }
    if (from.isInInterrupt()) {
      from.broke(ExecutionRule.IPI_WAIT_IN_INTERRUPT, calls);
    } else if (!from.interruptsEnabled()) {
      from.broke(ExecutionRule.IPI_WAIT_WITH_INTERRUPTS_OFF, calls);
    }
  }

  private IpiCall send(Cpu from, CpuMask targets, IpiWork work) {
    IpiCall call = new IpiCall(from, work, ++calls);
    call.acknowledgedCycle = from.cycles();
    from.step(Step.IPI_SEND, call.number);
    for (int id = targets.next(0); id != CpuMask.NONE; id = targets.next(id + 1)) {
      if (id != from.id()) {
        sendTo(call, machine.cpu(id));
      }
    }
    return call;
  }

  private void sendTo(IpiCall call, Cpu target) {
    Cpu from = call.from;
    from.charge(Primitive.IPI_SEND);
    machine.events().record(HardwareEvent.IPI_SEND, from.id(), target.id(), call.number, 0);
    call.arrivalCycle = from.cycles() + machine.costs().cycles(Primitive.IPI_DELIVERY);
    call.waitingFor.add(target.id());
    call.targets++;
    target.pendingCalls.add(call);
    if (machine.interleaving() == null && target.interruptsEnabled()) {
      deliver(target);
    }
  }

  private void runHere(Cpu from, CpuMask targets, IpiWork work) {
    if (targets.has(from.id())) {
      from.disableInterrupts();
      work.run(from);
      from.enableInterrupts();
    }
  }

  /** Does what is pending for a CPU whose interrupts are on. */
  void deliver(Cpu cpu) {
    assert cpu.interruptsEnabled() : cpu;
    while (!cpu.pendingCalls.isEmpty()) {
      deliverNext(cpu);
    }
  }

  /** Does the call that has been pending longest. */
  void deliverNext(Cpu cpu) {
    receive(cpu, cpu.pendingCalls.remove());
  }

  private void receive(Cpu cpu, IpiCall call) {
    cpu.advanceTo(call.arrivalCycle);
    cpu.idleState().chargeExit(cpu);
    EventLog events = machine.events();
    events.record(HardwareEvent.IPI_RECEIVE, cpu.id(), call.from.id(), call.number, 0);
    long depths = cpu.depths();
    cpu.enterInterrupt();
    long saved = entry.enter(cpu);
    call.work.run(cpu);
    entry.leave(cpu, saved);
    cpu.leaveInterrupt();
    cpu.requireDepths(depths);
    events.record(HardwareEvent.IPI_DONE, cpu.id(), call.from.id(), call.number, 0);
    call.acknowledgedCycle = Math.max(call.acknowledgedCycle, cpu.cycles());
    call.waitingFor.remove(cpu.id());
    cpu.charge(Primitive.INTERRUPT_EXIT);
  }

  private int await(IpiCall call) {
    Cpu from = call.from;
    Interleaving interleaving = machine.interleaving();
    if (interleaving != null) {
      from.stepWhen(Step.IPI_WAIT, call.number, call);
    }
    int missing = call.waitingFor.count();
    if (missing > 0) {
      from.broke(ExecutionRule.IPI_TARGET_MASKED, call.waitingFor.bits());
    }
    from.advanceTo(call.acknowledgedCycle);
    from.charge(Primitive.IPI_ACKNOWLEDGE, call.targets - missing);
    return missing;
  }
}
