package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.Control;
import org.pagewright.hardware.paging.FaultKind;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.hardware.tlb.TlbGeometry;
import org.pagewright.hardware.tlb.Tlbi;

/**
 * Random accesses, table changes and invalidations against {@link StaleModel}: whatever an access
 * gets was valid at some instant since the last invalidation that covers it, and now and then it is
 * indeed stale.
 */
class StaleTranslationPropertyTest {
  private static final long BASE = 1L << 30;
  private static final int PAGES_PER_REGION = 3;
  private static final int REGIONS = 3;
  private static final int PAGES = PAGES_PER_REGION * REGIONS;
  private static final int[] ASIDS = {1, 2, 3};
  private static final int OPERATIONS = 20_000;
  private static final long RAM = 32L << 20;

  private final SeededChoices choices = new SeededChoices(20261121);
  private Machine machine;
  private TestTables tables;
  private PteFormat format;
  private Mmu mmu;
  private StaleModel model;
  private final long[] tablePool = new long[6];
  private int stale;

  StaleTranslationPropertyTest() {
    prepare("x86_64-4level", "small");
  }

  private void prepare(String formatName, String geometry) {
    if (machine != null) {
      machine.close();
    }
    format = PteFormat.named(formatName);
    TlbGeometry tlb =
        geometry.equals("small")
            ? TlbGeometries.small(format.architecture())
            : TlbGeometries.named(geometry);
    machine = new Machine(MachineConfig.small(format).withTlb(tlb));
    Speculation speculation = new Speculation(choices, Speculation.Odds.each(4));
    for (int page = 0; page < PAGES; page++) {
      speculation.target(va(page));
    }
    machine.speculate(speculation);
    mmu = machine.cpu(0).mmu();
    tables = new TestTables(machine);
    for (int i = 0; i < tablePool.length; i++) {
      tablePool[i] = tables.newTable(1);
    }
    for (int region = 0; region < REGIONS; region++) {
      tables.pointTo(va(region * PAGES_PER_REGION), 2, tablePool[region]);
    }
    if (format.architecture() == Architecture.X86) {
      mmu.setControl(Control.PCIDE, true);
    }
    assertThat(mmu.switchRoot(tables.root, ASIDS[0])).isTrue();
    model =
        new StaleModel(ASIDS, PAGES, PAGES_PER_REGION, tlb.traits().remembersInvalid(), truth());
  }

  /** Pages of a region lie in one table, regions in tables of their own. */
  private long va(int page) {
    long region = (long) (page / PAGES_PER_REGION) << format.level(2).shift();
    return BASE + region + ((long) (page % PAGES_PER_REGION) << format.pageShift());
  }

  private StaleModel.Truth truth() {
    return new StaleModel.Truth() {
      @Override
      public long table(int region) {
        long entry = tables.readEntry(tables.entryPa(va(region * PAGES_PER_REGION), 2));
        return format.isPresent(entry, 2) ? format.pa(entry, 2) : StaleModel.NONE;
      }

      @Override
      public long translation(long table, int page) {
        long entry = tables.readEntry(format.entryPa(table, va(page), 1));
        if (!format.isPresent(entry, 1)) {
          return StaleModel.NONE;
        }
        int rights = format.rights(entry, 1);
        return format.pa(entry, 1) | (rights & (Rights.GLOBAL | Rights.KERNEL_WRITE));
      }

      @Override
      public boolean isGlobal(long translation) {
        return (translation & Rights.GLOBAL) != 0;
      }
    };
  }

  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, small",
    "x86_64-4level, skylake",
    "x86_64-5level, zen3",
    "aarch64-4k, small",
    "aarch64-16k, neoverse-n1",
    "riscv64-sv39, small",
    "riscv64-sv48, u74"
  })
  void access_afterRandomOperations_getsWhatWasValidSinceTheLastFlush(
      String name, String geometry) {
    prepare(name, geometry);
    for (int i = 0; i < OPERATIONS; i++) {
      switch (choices.pick(8, "operation")) {
        case 0, 1, 2, 3 -> access(choices.pick(PAGES, "page"));
        case 4 -> changePage();
        case 5 -> changeTable();
        case 6 -> assertThat(mmu.switchRoot(tables.root, asid())).isTrue();
        default -> {
          if (choices.oneIn(4, "invalidate")) {
            invalidate();
          }
        }
      }
    }
    assertThat(stale).as("answers that were not in memory any more").isGreaterThan(100);
    machine.close();
  }

  private int asid() {
    return ASIDS[choices.pick(ASIDS.length, "asid")];
  }

  private void access(int page) {
    machine.cpu(0).step(Step.ACCESS, va(page)); // the moment for speculation
    int current = mmu.registers().asid();
    long found = mmu.translate(va(page), Access.READ);
    long answer;
    if (found < 0) {
      assertThat(Translation.faultKind(found)).isEqualTo(FaultKind.NOT_PRESENT);
      answer = StaleModel.NONE;
    } else {
      int kept = Translation.rights(found) & (Rights.GLOBAL | Rights.KERNEL_WRITE);
      answer = Translation.pagePa(found) | kept;
    }
    assertThat(model.allowed(current, page))
        .as("page %d in address space %d", page, current)
        .contains(answer);
    long now = truth().table(page / PAGES_PER_REGION);
    long inMemory = now == StaleModel.NONE ? now : truth().translation(now, page);
    stale += inMemory == answer ? 0 : 1;
  }

  private void changePage() {
    int page = choices.pick(PAGES, "page");
    long table = tablePool[choices.pick(tablePool.length, "table")];
    long entryPa = format.entryPa(table, va(page), 1);
    if (choices.flip("unmap")) {
      tables.writeEntry(entryPa, format.empty(1));
    } else {
      int rights = Rights.KERNEL_READ | TestTables.ALL_FLAGS;
      rights |= choices.flip("writable") ? Rights.KERNEL_WRITE : 0;
      rights |= choices.oneIn(4, "global") ? Rights.GLOBAL : 0;
      long pa = RAM + ((long) choices.pick(100, "frame") << format.pageShift());
      tables.writeEntry(entryPa, format.leaf(1, pa, rights));
    }
    model.memoryChanged();
  }

  private void changeTable() {
    int region = choices.pick(REGIONS, "region");
    long va = va(region * PAGES_PER_REGION);
    if (choices.oneIn(4, "unmap region")) {
      tables.unmap(va, 2);
    } else {
      tables.pointTo(va, 2, tablePool[choices.pick(tablePool.length, "table")]);
    }
    model.memoryChanged();
  }

  // ---- invalidations, and what the manuals say of them ----

  private void invalidate() {
    int page = choices.pick(PAGES, "page");
    switch (format.architecture()) {
      case X86 -> invalidateX86(page);
      case ARM64 -> invalidateArm64(page);
      default -> invalidateRiscv(page);
    }
    model.memoryChanged();
  }

  private void invalidateX86(int page) {
    boolean onPath = machine.config().tlb().traits().dropsStructuresOnPathOnly();
    int region = page / PAGES_PER_REGION;
    int asid = asid();
    switch (choices.pick(6, "instruction")) {
      case 0 -> {
        mmu.invalidatePage(va(page));
        int current = mmu.registers().asid();
        model.forgetPages(current, page, page);
        model.forgetGlobals(page, page);
        model.forgetTables(current, onPath ? region : 0, onPath ? region : REGIONS - 1);
      }
      case 1 -> {
        mmu.invalidatePcid(0, asid, va(page));
        model.forgetPages(asid, page, page);
        model.forgetTables(asid, onPath ? region : 0, onPath ? region : REGIONS - 1);
      }
      case 2 -> {
        mmu.invalidatePcid(1, asid, /* va= */ 0);
        forgetAsid(asid);
      }
      case 3 -> {
        mmu.invalidatePcid(2, /* pcid= */ 0, /* va= */ 0);
        forgetAll();
      }
      case 4 -> {
        mmu.invalidatePcid(3, /* pcid= */ 0, /* va= */ 0);
        forgetAsids();
      }
      default -> {
        assertThat(mmu.loadRoot(tables.root | asid, /* noFlush= */ false)).isTrue();
        forgetAsid(asid);
      }
    }
  }

  private void invalidateArm64(int page) {
    int asid = asid();
    int region = page / PAGES_PER_REGION;
    int operation = choices.pick(6, "operation");
    mmu.tlbi(operation, va(page), asid);
    mmu.dsb();
    switch (operation) {
      case Tlbi.VMALLE1 -> forgetAll();
      case Tlbi.ASIDE1 -> forgetAsid(asid);
      default -> {
        boolean isAnyAsid = operation == Tlbi.VAAE1 || operation == Tlbi.VAALE1;
        boolean isLeafOnly = operation == Tlbi.VALE1 || operation == Tlbi.VAALE1;
        model.forgetGlobals(page, page);
        for (int each : isAnyAsid ? ASIDS : new int[] {asid}) {
          model.forgetPages(each, page, page);
          if (!isLeafOnly) {
            model.forgetTables(each, region, region);
          }
        }
      }
    }
  }

  private void invalidateRiscv(int page) {
    boolean isOnePage = choices.flip("address");
    boolean isOneAsid = choices.flip("asid");
    int asid = asid();
    mmu.sfence(isOnePage ? va(page) : Mmu.ANY, isOneAsid ? asid : Mmu.ANY);
    int first = isOnePage ? page : 0;
    int last = isOnePage ? page : PAGES - 1;
    for (int each : isOneAsid ? new int[] {asid} : ASIDS) {
      model.forgetPages(each, first, last);
      if (!isOnePage) {
        model.forgetTables(each, 0, REGIONS - 1);
      }
    }
    if (!isOneAsid) {
      model.forgetGlobals(first, last);
    }
  }

  private void forgetAsid(int asid) {
    model.forgetPages(asid, 0, PAGES - 1);
    model.forgetTables(asid, 0, REGIONS - 1);
  }

  private void forgetAsids() {
    for (int asid : ASIDS) {
      forgetAsid(asid);
    }
  }

  private void forgetAll() {
    forgetAsids();
    model.forgetGlobals(0, PAGES - 1);
  }
}
