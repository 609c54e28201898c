package org.pagewright.kernel.boot;

import java.util.List;
import java.util.ServiceLoader;

/** Those who hear of every kernel. */
final class BootWatchers {
  static final List<BootWatcher> ALL =
      ServiceLoader.load(BootWatcher.class).stream().map(ServiceLoader.Provider::get).toList();

  private BootWatchers() {}
}
