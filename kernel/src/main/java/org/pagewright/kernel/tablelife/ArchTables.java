package org.pagewright.kernel.tablelife;

import java.util.Arrays;
import java.util.List;
import org.pagewright.kernel.tablelife.ArchTableRow.Split;

/**
 * The page tables of every architecture of Linux 7.0, one row each.
 *
 * <p>From arch/&#42;/include/asm/{pgalloc,pgtable,page,tlb}.h, include/asm-generic/{pgalloc,tlb}.h,
 * mm/Kconfig and the architectures' Kconfig of Linux 6.12, 6.17 and 7.0. A row is one
 * configuration, the default one where there are several.
 */
public final class ArchTables {
  /*
   * pte to pgd: entries x bytes of a table; /n: n tables share a page; s: a slab object; -: folded.
   * kernel pte: who constructs the kernel's lowest tables before > after the series of March 2025.
   * locks: - one per address space, pte for lowest tables, pmd for those above them too.
   * freed: lowest/other tables, in 6.12 > 7.0: now, after the flush, or by rcu.
   * own: the architecture frees tables itself (HAVE_ARCH_TLB_REMOVE_TABLE).
   */
  private static final String TABLE =
      """
      name                 | page | pte         | pmd        | pud     | p4d    | pgd       | kernel pte   | locks | freed                     | own
      alpha                | 8K   | 1024x8      | 1024x8     | -       | -      | 1024x8    | none > ctor  | pte   | now/now > rcu/rcu         | no
      arc                  | 8K   | 256x4       | -          | -       | -      | 2048x4    | none > ctor  | pte   | now/now > now/now         | no
      arm                  | 4K   | 1024x4      | -          | -       | -      | 4096x4    | none > ctor  | pte   | flush/flush > flush/flush | no
      arm-lpae             | 4K   | 512x8       | 512x8      | -       | -      | 4x8s      | none > ctor  | pte   | rcu/rcu > rcu/rcu         | no
      arm64-4k             | 4K   | 512x8       | 512x8      | 512x8   | -      | 512x8     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      arm64-4k-52          | 4K   | 512x8       | 512x8      | 512x8   | 512x8  | 16x8s     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      arm64-16k            | 16K  | 2048x8      | 2048x8     | -       | -      | 2048x8    | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      arm64-64k            | 64K  | 8192x8      | 8192x8     | -       | -      | 64x8s     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      csky                 | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | pte   | flush/flush > flush/flush | no
      hexagon              | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | pte   | flush/flush > flush/flush | no
      loongarch64          | 16K  | 2048x8      | 2048x8     | -       | -      | 2048x8    | none > ctor  | pte   | flush/now > rcu/rcu       | no
      m68k-motorola        | 4K   | 64x4/16     | 128x4/8    | -       | -      | 128x4/8   | ctor > ctor  | -     | now/now > now/now         | no
      m68k-coldfire        | 8K   | 512x4       | -          | -       | -      | 1024x4    | none > ctor  | -     | now/now > now/now         | no
      m68k-sun3            | 8K   | 16x4        | -          | -       | -      | 2048x4    | none > ctor  | -     | flush/flush > flush/flush | no
      microblaze           | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | -     | now/now > now/now         | no
      mips32               | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | pte   | flush/now > rcu/rcu       | no
      mips64               | 4K   | 512x8       | 512x8      | -       | -      | 1024x8    | none > ctor  | pte   | flush/now > rcu/rcu       | no
      nios2                | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | -     | flush/flush > flush/flush | no
      openrisc             | 8K   | 2048x4      | -          | -       | -      | 256x4     | none > ctor  | pte   | flush/flush > flush/flush | no
      parisc32             | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | -     | now/now > rcu/rcu         | no
      parisc64             | 4K   | 512x8       | 2048x4     | -       | -      | 2048x4    | none > ctor  | pte   | now/now > rcu/rcu         | no
      powerpc64-radix-4k   | 4K   | 512x8       | 512x8      | 512x8s  | -      | 8192x8s   | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | yes
      powerpc64-radix-64k  | 64K  | 32x8/256    | 512x8/16   | 512x8s  | -      | 8192x8s   | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | yes
      powerpc64-hash-4k    | 4K   | 512x8       | 128x8/4    | 512x8s  | -      | 512x8s    | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | yes
      powerpc64-hash-64k   | 64K  | 512x8/16    | 1024x8/8   | 1024x8s | -      | 256x8s    | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | yes
      powerpc64-nohash     | 4K   | 512x8       | 128x8s     | 512x8s  | -      | 512x8s    | none > ctor  | pte   | rcu/rcu > rcu/rcu         | yes
      powerpc32            | 4K   | 1024x4      | -          | -       | -      | 1024x4s   | none > ctor  | pte   | rcu/rcu > rcu/rcu         | yes
      riscv32              | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | pte   | rcu/rcu > rcu/rcu         | no
      riscv64-sv39         | 4K   | 512x8       | 512x8      | -       | -      | 512x8     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      riscv64-sv48         | 4K   | 512x8       | 512x8      | 512x8   | -      | 512x8     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      riscv64-sv57         | 4K   | 512x8       | 512x8      | 512x8   | 512x8  | 512x8     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      s390                 | 4K   | 256x8       | 2048x8     | 2048x8  | 2048x8 | 2048x8    | ctor > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      sh                   | 4K   | 1024x4      | -          | -       | -      | 1024x4s   | none > ctor  | pte   | flush/flush > flush/flush | no
      sh-x2tlb             | 4K   | 512x8       | 512x8s     | -       | -      | 4x8s      | none > ctor  | pte   | flush/now > flush/now     | no
      sparc32              | 4K   | 64x4/16     | 64x4s      | -       | -      | 256x4s    | none > none  | -     | now/now > now/now         | no
      sparc64              | 8K   | 1024x8      | 1024x8s    | 1024x8s | -      | 1024x8s   | none > ctor  | pte   | rcu/rcu > rcu/rcu         | yes
      um64                 | 4K   | 512x8       | 512x8      | 512x8   | -      | 512x8     | none > ctor  | -     | flush/flush > rcu/rcu     | no
      um32                 | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | -     | flush/flush > rcu/rcu     | no
      x86-32               | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | pte   | rcu/rcu > rcu/rcu         | no
      x86-pae              | 4K   | 512x8       | 512x8      | -       | -      | 4x8       | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      x86-64               | 4K   | 512x8       | 512x8      | 512x8   | -      | 512x8     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      x86-64-5level        | 4K   | 512x8       | 512x8      | 512x8   | 512x8  | 512x8     | none > ctor  | pmd   | rcu/rcu > rcu/rcu         | no
      xtensa               | 4K   | 1024x4      | -          | -       | -      | 1024x4    | none > ctor  | pte   | now/now > now/now         | no
      """;

  private static final List<ArchTableRow> ROWS =
      TABLE.lines().skip(1).map(ArchTables::parse).toList();

  private ArchTables() {}

  /** Every row, by name. */
  public static List<ArchTableRow> all() {
    return ROWS;
  }

  /** The row of that name. */
  public static ArchTableRow named(String name) {
    for (ArchTableRow row : ROWS) {
      if (row.name().equals(name)) {
        return row;
      }
    }
    throw new IllegalArgumentException(
        "no architecture " + name + "; known: " + ROWS.stream().map(ArchTableRow::name).toList());
  }

  private static ArchTableRow parse(String line) {
    String[] cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toArray(String[]::new);
    List<TableShape> levels = Arrays.stream(cells, 2, 7).map(TableShape::parse).toList();
    int kib = Integer.parseInt(cells[1].substring(0, cells[1].length() - 1));
    String[] constructs = cells[7].split(" > ", -1);
    return new ArchTableRow(
        cells[0],
        Integer.numberOfTrailingZeros(kib) + 10,
        levels,
        constructs[0].equals("ctor"),
        constructs[1].equals("ctor"),
        Split.parse(cells[8]),
        FreeingHistory.parse(cells[9]),
        cells[10].equals("yes"));
  }
}
