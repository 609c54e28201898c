package org.pagewright.lab.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command that is interrupted write what it has finished.
 *
 * <p>The virtual machine ends with status 130 or 143 whatever the command answers, but not before
 * the command is closed or has had its time.
 */
final class Interruption implements AutoCloseable {
  private static final int WRITING_SECONDS = 10;

  private final Runnable stop;
  private final Thread hook = new Thread(this::stopAndWait, "interrupted");
  private final CountDownLatch written = new CountDownLatch(1);
  private volatile boolean isRequested;

  /** From here on {@code stop} is called, once, when the process is to end. */
  Interruption(Runnable stop) {
    this.stop = stop;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** One that is asked whether it was requested. */
  Interruption() {
    this(() -> {});
  }

  /** Whether to stop. */
  boolean isRequested() {
    return isRequested;
  }

  private void stopAndWait() {
    isRequested = true;
    stop.run();
    try {
      if (!written.await(WRITING_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("interrupted; what was going on did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Everything is written. */
  @Override
  public void close() {
    written.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The hook is what got us here: the process is ending already.
    }
  }
}
