package org.pagewright.check.explore;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;

/**
 * One thing that a CPU does in a world.
 *
 * @param <W> the worlds it is possible in
 */
public interface Act<W extends World> {
  /** As printed, such as {@code fault 5}. */
  String text();

  /**
   * Does it; it must do the same each time.
   *
   * @return what the kernel answers: negative for an error
   */
  long run(W world, Cpu cpu);

  /** Whether the kernel may answer with this error; without memory every act may end. */
  default boolean mayAnswer(int errno) {
    return errno == Errno.ENOMEM;
  }

  /** What an act does. */
  @FunctionalInterface
  interface Body<W extends World> {
    long run(W world, Cpu cpu);
  }

  /** An act that is written where it is used. */
  static <W extends World> Act<W> of(String text, Body<W> body) {
    return new Act<>() {
      @Override
      public String text() {
        return text;
      }

      @Override
      public long run(W world, Cpu cpu) {
        return body.run(world, cpu);
      }
    };
  }
}
