package org.pagewright.kernel.tlbflush;

import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.ArchPolicy.FlushMethod;

/**
 * What flushing depends on besides the architecture.
 *
 * @param isolation page-table isolation (PTI): user mode runs on tables and numbers of its own
 * @param addressSpaceNumbers whether entries of several address spaces may stand in a TLB (PCID)
 */
public record FlushConfig(ArchPolicy policy, boolean isolation, boolean addressSpaceNumbers) {
  boolean broadcasts() {
    return policy.flushMethod() == FlushMethod.BROADCAST;
  }

  /** Whether CPUs look at the generation of an address space before they use it again. */
  boolean comparesGenerations() {
    return isX86();
  }

  boolean isX86() {
    return policy.attributeRules() == ArchPolicy.AttributeRules.X86_CPA;
  }

  boolean isArm64() {
    return policy.attributeRules() == ArchPolicy.AttributeRules.ARM64_LINEAR;
  }
}
