/**
 * Oracles with shadow state of their own, fault injection and the schedule explorer.
 *
 * <p>A checker reads events and views; it calls no kernel decision code.
 */
module org.pagewright.check {
  requires static transitive org.jspecify;
  requires transitive org.pagewright.kernel;

  exports org.pagewright.check.alloc;
  exports org.pagewright.check.contents;
  exports org.pagewright.check.directmap;
  exports org.pagewright.check.explore;
  exports org.pagewright.check.fault;
  exports org.pagewright.check.kpkeys;
  exports org.pagewright.check.mmlocal;
  exports org.pagewright.check.oracle;
  exports org.pagewright.check.schedule;
  exports org.pagewright.check.tables;
}
