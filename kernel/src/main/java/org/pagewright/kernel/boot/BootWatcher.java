package org.pagewright.kernel.boot;

/**
 * Hears of every kernel that boots and ends, so that nobody who runs one need ask to be watched.
 * Found by service lookup; what is shipped has none.
 */
public interface BootWatcher {
  /** Memory and the direct map are there, the page allocator is not. */
  void started(EarlyKernel kernel);

  /** Boot has ended. */
  void booted(KernelMachine kernel);

  /** The kernel is about to give up its machine; no operation is in progress. */
  void closing(KernelMachine kernel);
}
