package org.pagewright.kernel.kpkeys;

/** What checkers may see of hardened tables; looking charges nothing. */
public interface KeysView {
  /** Whether every table has to be protected. Models {@code kpkeys_hardened_pgtables_key}. */
  boolean isOn();

  /** The key register of a thread that writes no tables. */
  long initialRegister();
}
