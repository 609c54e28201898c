/**
 * Simulated hardware: memory, entry formats and their one walker, translation caches and CPUs.
 *
 * <p>It knows nothing of Linux; the kernel module builds on what is exported here.
 */
module org.pagewright.hardware {
  requires static transitive org.jspecify;

  exports org.pagewright.hardware.choice;
  exports org.pagewright.hardware.cpu;
  exports org.pagewright.hardware.image;
  exports org.pagewright.hardware.iommu;
  exports org.pagewright.hardware.memory;
  exports org.pagewright.hardware.paging;
  exports org.pagewright.hardware.tlb;
}
