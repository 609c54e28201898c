package org.pagewright.check.explore;

import org.pagewright.hardware.cpu.Cpu;

/**
 * One thing that a CPU does on the small kernel.
 *
 * @param text as printed, such as {@code fault 5}
 * @param body what it does; it must do the same each time
 */
public record Operation(String text, Act.Body<SmallKernel> body) implements Act<SmallKernel> {
  @Override
  public long run(SmallKernel kernel, Cpu cpu) {
    return body.run(kernel, cpu);
  }

  /** The user touches a page of the secret file. */
  public static Operation fault(long index) {
    return new Operation("fault " + index, (kernel, cpu) -> kernel.fault(cpu, index));
  }

  /** Every page of the secret file goes. */
  public static Operation truncate() {
    return new Operation("truncate", SmallKernel::truncate);
  }

  /** The kernel takes a frame and writes to it. */
  public static Operation allocate() {
    return new Operation("allocate", SmallKernel::allocate);
  }

  /** The kernel gives back the frame that this CPU took last. */
  public static Operation free() {
    return new Operation("free", SmallKernel::free);
  }
}
