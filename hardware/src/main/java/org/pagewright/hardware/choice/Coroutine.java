package org.pagewright.hardware.choice;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Straight-line code that can stop in the middle and be resumed later on the same thread.
 *
 * <p>It wraps the JDK's one-shot delimited continuation, {@code jdk.internal.vm.Continuation},
 * which virtual threads are made of. The class is reached through constant method handles, so that
 * no source is compiled against it; the JVM must run with {@link #FLAG}. A coroutine that is not
 * resumed any more is plain garbage.
 *
 * <p>What it runs must not suspend inside a native frame or a class initialiser.
 */
public final class Coroutine {
  /** What the JVM must be started with. */
  public static final String FLAG = "--add-exports=java.base/jdk.internal.vm=ALL-UNNAMED";

  private static final MethodHandle NEW;
  private static final MethodHandle RUN;
  private static final MethodHandle YIELD;
  private static final MethodHandle IS_DONE;
  private static final Object SCOPE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      Class<?> continuation = Class.forName("jdk.internal.vm.Continuation");
      Class<?> scope = Class.forName("jdk.internal.vm.ContinuationScope");
      MethodType constructor = MethodType.methodType(void.class, scope, Runnable.class);
      NEW =
          lookup
              .findConstructor(continuation, constructor)
              .asType(MethodType.methodType(Object.class, Object.class, Runnable.class));
      RUN =
          lookup
              .findVirtual(continuation, "run", MethodType.methodType(void.class))
              .asType(MethodType.methodType(void.class, Object.class));
      IS_DONE =
          lookup
              .findVirtual(continuation, "isDone", MethodType.methodType(boolean.class))
              .asType(MethodType.methodType(boolean.class, Object.class));
      YIELD =
          lookup
              .findStatic(continuation, "yield", MethodType.methodType(boolean.class, scope))
              .asType(MethodType.methodType(boolean.class, Object.class));
      SCOPE =
          lookup
              .findConstructor(scope, MethodType.methodType(void.class, String.class))
              .invoke("pagewright");
    } catch (Throwable e) {
      throw new IllegalStateException("coroutines need the JVM flag " + FLAG, e);
    }
  }

  private final Object continuation;

  /** A coroutine that will run {@code program} when first resumed. */
  public Coroutine(Runnable program) {
    try {
      continuation = NEW.invokeExact(SCOPE, program);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /**
   * Runs until the program suspends or ends; what the program throws comes out here and ends it.
   */
  public void resume() {
    try {
      RUN.invokeExact(continuation);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /** True once the program has ended. */
  public boolean isDone() {
    try {
      return (boolean) IS_DONE.invokeExact(continuation);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /** Stops the coroutine that is running; returns when it is resumed. */
  public static void suspend() {
    try {
      boolean unpinned = (boolean) YIELD.invokeExact(SCOPE);
      assert unpinned;
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private static RuntimeException rethrown(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    if (e instanceof RuntimeException runtime) {
      return runtime;
    }
    return new IllegalStateException(e);
  }
}
