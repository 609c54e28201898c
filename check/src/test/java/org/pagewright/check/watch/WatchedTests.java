package org.pagewright.check.watch;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.boot.BootWatcher;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.kpkeys.KeysView;

/**
 * Puts every kernel that a test boots under all oracles, and fails the test if one speaks that it
 * does not name as broken on purpose. JUnit finds it only where extensions are looked up.
 */
public final class WatchedTests
    implements BootWatcher, BeforeAllCallback, AfterEachCallback, AfterAllCallback {
  private static final Map<Machine, Oracles> OPEN = new LinkedHashMap<>();
  private static final List<Violation> FOUND = new ArrayList<>();

  /** What each test method breaks on purpose and was not found yet, over all its arguments. */
  private static final Map<Method, Set<String>> UNSEEN = new LinkedHashMap<>();

  private static boolean isOn;

  @Override
  public void beforeAll(ExtensionContext context) {
    isOn = true;
  }

  @Override
  public void started(EarlyKernel kernel) {
    if (isOn) {
      watch(new WatchedKernel(kernel.machine(), kernel.directMap(), null, null));
    }
  }

  @Override
  public void booted(KernelMachine kernel) {
    if (isOn) {
      forget(kernel.machine());
      KeysView keys = kernel.tables().gate() instanceof KeysView view ? view : null;
      watch(
          new WatchedKernel(
              kernel.machine(), kernel.directMap(), kernel.allocator(), /* mermap= */ null, keys));
    }
  }

  @Override
  public void closing(KernelMachine kernel) {
    settle(kernel.machine(), /* looks= */ true);
  }

  private static void watch(WatchedKernel kernel) {
    OPEN.put(kernel.machine(), new Oracles(kernel));
  }

  /** Boot goes on and will be watched from its end: it takes no locks and constructs no tables. */
  private static void forget(Machine machine) {
    Oracles oracles = OPEN.remove(machine);
    if (oracles != null) {
      oracles.close();
    }
  }

  /** Notes what the oracles of a machine found, and lets them go. */
  private static void settle(Machine machine, boolean looks) {
    Oracles oracles = OPEN.remove(machine);
    if (oracles != null) {
      FOUND.addAll(looks ? oracles.inspect() : oracles.violations());
      oracles.close();
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    // A machine without a closed kernel may be gone: what was found while it ran counts.
    List.copyOf(OPEN.keySet()).forEach(machine -> settle(machine, /* looks= */ false));
    List<Violation> found = List.copyOf(FOUND);
    FOUND.clear();
    BreaksProperty broken =
        AnnotationSupport.findAnnotation(context.getTestMethod(), BreaksProperty.class)
            .orElse(null);
    if (broken == null) {
      assertThat(found).isEmpty();
      return;
    }
    Set<String> unseen =
        UNSEEN.computeIfAbsent(
            context.getRequiredTestMethod(), method -> new TreeSet<>(List.of(broken.value())));
    found.forEach(one -> unseen.remove(one.oracle()));
    assertThat(found).filteredOn(one -> !List.of(broken.value()).contains(one.oracle())).isEmpty();
  }

  /** A test that breaks nothing any more must not say that it does. */
  @Override
  public void afterAll(ExtensionContext context) {
    assertThat(UNSEEN).allSatisfy((method, unseen) -> assertThat(unseen).isEmpty());
    UNSEEN.clear();
  }
}
