package org.pagewright.kernel.boot;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A test that breaks properties of oracles on purpose; it is watched for all others. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface BreaksProperty {
  /** Names of the oracles that may speak. */
  String[] value();

  /** What is wrong in the test, and why it must be. */
  String because();
}
