package org.pagewright.lab.trace;

import java.util.Map;

/** Names of gfp flags as Linux 6.1 prints them, for tests that stand on their own. */
final class GfpTable {
  private static final Map<String, Integer> BITS =
      Map.ofEntries(
          Map.entry("__GFP_DMA", 0x1),
          Map.entry("__GFP_HIGHMEM", 0x2),
          Map.entry("__GFP_DMA32", 0x4),
          Map.entry("__GFP_MOVABLE", 0x8),
          Map.entry("__GFP_RECLAIMABLE", 0x10),
          Map.entry("__GFP_HIGH", 0x20),
          Map.entry("__GFP_IO", 0x40),
          Map.entry("__GFP_FS", 0x80),
          Map.entry("__GFP_ZERO", 0x100),
          Map.entry("__GFP_ATOMIC", 0x200),
          Map.entry("__GFP_DIRECT_RECLAIM", 0x400),
          Map.entry("__GFP_KSWAPD_RECLAIM", 0x800),
          Map.entry("__GFP_WRITE", 0x1000),
          Map.entry("__GFP_NOWARN", 0x2000),
          Map.entry("__GFP_RETRY_MAYFAIL", 0x4000),
          Map.entry("__GFP_NOFAIL", 0x8000),
          Map.entry("__GFP_NORETRY", 0x10000),
          Map.entry("__GFP_MEMALLOC", 0x20000),
          Map.entry("__GFP_COMP", 0x40000),
          Map.entry("__GFP_NOMEMALLOC", 0x80000),
          Map.entry("__GFP_HARDWALL", 0x100000),
          Map.entry("__GFP_THISNODE", 0x200000),
          Map.entry("__GFP_ACCOUNT", 0x400000),
          Map.entry("__GFP_ZEROTAGS", 0x800000),
          Map.entry("__GFP_RECLAIM", 0xc00),
          Map.entry("GFP_ATOMIC", 0xa20),
          Map.entry("GFP_KERNEL", 0xcc0),
          Map.entry("GFP_KERNEL_ACCOUNT", 0x400cc0),
          Map.entry("GFP_NOWAIT", 0x800),
          Map.entry("GFP_NOIO", 0xc00),
          Map.entry("GFP_NOFS", 0xc40),
          Map.entry("GFP_USER", 0x100cc0),
          Map.entry("GFP_DMA", 0x1),
          Map.entry("GFP_DMA32", 0x4),
          Map.entry("GFP_HIGHUSER", 0x100cc2),
          Map.entry("GFP_HIGHUSER_MOVABLE", 0x100cca),
          Map.entry("GFP_TRANSHUGE", 0x1c24ca),
          Map.entry("GFP_TRANSHUGE_LIGHT", 0x1c20ca));

  private GfpTable() {}

  /** The bits of a flag's name, or -1. */
  static int bits(String name) {
    return BITS.getOrDefault(name, -1);
  }
}
