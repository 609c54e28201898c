package org.pagewright.hardware.cpu;

/**
 * What the kernel's entry code does around every interrupt: save registers that the handler must
 * not inherit, and bring them back.
 */
public interface InterruptEntry {
  /** Entry code that saves nothing. */
  InterruptEntry NONE =
      new InterruptEntry() {
        @Override
        public long enter(Cpu cpu) {
          return 0;
        }

        @Override
        public void leave(Cpu cpu, long saved) {}
      };

  /** Before the handler; what it returns is kept on the interrupt's stack. */
  long enter(Cpu cpu);

  /** After the handler. */
  void leave(Cpu cpu, long saved);
}
