/**
 * Linux's memory manager on the simulated hardware.
 *
 * <p>It knows nothing of checkers or experiments; features export small read-only views for them.
 */
module org.pagewright.kernel {
  requires static transitive org.jspecify;
  requires transitive org.pagewright.hardware;

  exports org.pagewright.kernel.alloc;
  exports org.pagewright.kernel.arch;
  exports org.pagewright.kernel.boot;
  exports org.pagewright.kernel.buddy;
  exports org.pagewright.kernel.compact;
  exports org.pagewright.kernel.directmap;
  exports org.pagewright.kernel.gather;
  exports org.pagewright.kernel.kpkeys;
  exports org.pagewright.kernel.ldt;
  exports org.pagewright.kernel.mermap;
  exports org.pagewright.kernel.mm;
  exports org.pagewright.kernel.mmlocal;
  exports org.pagewright.kernel.pgtable;
  exports org.pagewright.kernel.pti;
  exports org.pagewright.kernel.reclaim;
  exports org.pagewright.kernel.secret;
  exports org.pagewright.kernel.sva;
  exports org.pagewright.kernel.tablelife;
  exports org.pagewright.kernel.tlbflush;
  exports org.pagewright.kernel.userland;
  exports org.pagewright.kernel.vm;
  exports org.pagewright.kernel.vmalloc;

  uses org.pagewright.kernel.boot.BootWatcher;
}
