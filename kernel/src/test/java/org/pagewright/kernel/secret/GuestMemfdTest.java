package org.pagewright.kernel.secret;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.CostCategory;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.mm.IsolationWorld;

/** Populating a guest by write(), in every variant. */
class GuestMemfdTest {
  private static final long PAGE = 4096;
  private static final long MIB = 1 << 20;
  private static final int CONTENT = FrameContent.secretOf(77);

  static List<GuestMemfdConfig> variants() {
    return GuestMemfdConfig.all();
  }

  static List<GuestMemfdConfig> removing() {
    return GuestMemfdConfig.all().stream().filter(GuestMemfdConfig::removesPages).toList();
  }

  private static IsolationWorld world() {
    IsolationWorld world = IsolationWorld.of(MermapConfig.V2);
    world.runNewProcess(0);
    return world;
  }

  private static GuestMemfd create(IsolationWorld world, GuestMemfdConfig config, long bytes) {
    SecretPages pages = world.secretPages(config);
    return requireNonNull(GuestMemfd.create(world.cpu(0), pages, config, bytes));
  }

  @ParameterizedTest
  @BreaksProperty(value = "secrets-unreachable", because = "one configuration skips the flush")
  @MethodSource("variants")
  void write_wholeFile_fillsEveryPage(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config, 4 * MIB);
      assertThat(file.write(world.cpu(0), 0, 4 * MIB, CONTENT)).isEqualTo(4 * MIB);
      assertThat(file.mapping().pages()).isEqualTo(1024);
      for (long index = 0; index < 1024; index++) {
        long pfn = file.mapping().pfn(index);
        assertThat(world.tags().content(pfn)).isEqualTo(CONTENT);
        assertThat(world.directMap().isPresentNow(pfn)).isEqualTo(!config.removesPages());
      }
    }
  }

  @ParameterizedTest
  @BreaksProperty(value = "secrets-unreachable", because = "one configuration skips the flush")
  @MethodSource("variants")
  void write_ofRealBytes_putsEachIntoItsPage(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config, MIB);
      byte[] data = new byte[3 * (int) PAGE];
      new SplittableRandom(7).nextBytes(data);
      assertThat(file.write(world.cpu(0), 5 * PAGE, data, CONTENT)).isEqualTo(data.length);
      for (int at = 0; at < data.length; at += 509) {
        long pa = file.mapping().pfn(5 + at / PAGE) * PAGE + at % PAGE;
        assertThat(world.memory().readByte(pa)).isEqualTo(data[at]);
      }
    }
  }

  @ParameterizedTest
  @BreaksProperty(value = "secrets-unreachable", because = "one configuration skips the flush")
  @MethodSource("removing")
  void write_removingPages_leavesNoTranslationUnlessFlushingIsSkipped(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config, MIB);
      world.warmDirectMapEverywhere();
      file.write(world.cpu(0), 0, MIB, CONTENT);
      boolean isReachable = false;
      for (long index = 0; index < 256; index++) {
        long pfn = file.mapping().pfn(index);
        isReachable |= world.tlbsReachByDirectMap(pfn);
      }
      boolean skipsFlush = config.removal() == GuestMemfdConfig.Removal.EACH_NO_FLUSH;
      assertThat(isReachable).isEqualTo(skipsFlush);
    }
  }

  @ParameterizedTest
  @BreaksProperty(
      value = {"freed-frame-translations", "secrets-unreachable"},
      because = "some configurations skip flushes")
  @MethodSource("removing")
  void release_givesEveryPageBack(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config, MIB);
      file.write(world.cpu(0), 0, MIB, CONTENT);
      long pfn = file.mapping().pfn(17);
      file.release(world.cpu(0));
      assertThat(file.mapping().pages()).isZero();
      assertThat(world.ownedBy(file.file())).isZero();
      boolean isPooled = config.removal() == GuestMemfdConfig.Removal.POOLED;
      assertThat(world.directMap().isPresentNow(pfn)).isEqualTo(!isPooled);
    }
  }

  /**
   * Finding: v1's prototype frees pages while a CPU can still reach them through the mermap; v4's
   * stale mark closes that (gallery: mermap-page-freed-while-cached).
   */
  @Test
  @BreaksProperty(value = "freed-frame-translations", because = "one configuration skips the flush")
  void release_ofPooledPages_leavesMermapTranslationsUnlessItFlushes() {
    for (GuestMemfdConfig config :
        List.of(GuestMemfdConfig.UNMAPPED, GuestMemfdConfig.UNMAPPED_ZEROED)) {
      try (IsolationWorld world = world()) {
        GuestMemfd file = create(world, config, 4 * PAGE);
        file.write(world.cpu(0), 0, 4 * PAGE, CONTENT);
        long pfn = file.mapping().pfn(2);
        assertThat(world.tlbsReachByMermap(pfn)).isTrue();
        file.release(world.cpu(0));
        assertThat(world.tlbsReachByMermap(pfn)).isEqualTo(!config.flushesStale());
      }
    }
  }

  @Test
  void write_answers() {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, GuestMemfdConfig.BASELINE, MIB);
      assertThat(file.write(world.cpu(0), 1, PAGE, CONTENT)).isEqualTo(-Errno.EINVAL);
      assertThat(file.write(world.cpu(0), 0, 100, CONTENT)).isEqualTo(-Errno.EINVAL);
      assertThat(file.write(world.cpu(0), MIB, PAGE, CONTENT)).isEqualTo(-Errno.EINVAL);
      assertThat(file.write(world.cpu(0), PAGE, PAGE, CONTENT)).isEqualTo(PAGE);
      assertThat(file.write(world.cpu(0), PAGE, PAGE, CONTENT)).isEqualTo(-Errno.EEXIST);
      assertThat(file.write(world.cpu(0), 0, 2 * PAGE, CONTENT)).isEqualTo(PAGE);
      assertThat(file.fault(world.cpu(0), MIB / PAGE)).isEqualTo(-Errno.EINVAL);
      assertThat(file.migrate()).isEqualTo(-Errno.EINVAL);
      GuestMemfdConfig readOnly = GuestMemfdConfig.BASELINE.withWritable(false);
      assertThat(create(world, readOnly, MIB).write(world.cpu(0), 0, PAGE, CONTENT))
          .isEqualTo(-Errno.ENODEV);
      SecretPages pages = world.secretPages(readOnly);
      assertThat(GuestMemfd.create(world.cpu(0), pages, readOnly, PAGE + 1)).isNull();
    }
  }

  @Test
  @BreaksProperty(value = "secrets-unreachable", because = "the configuration skips the flush")
  void write_withoutMemory_saysHowFarItCame() {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, GuestMemfdConfig.SKIP_FLUSH, MIB);
      file.write(world.cpu(0), 0, PAGE, CONTENT);
      world.failAllocationsAfter(0);
      assertThat(file.write(world.cpu(0), 4 * PAGE, PAGE, CONTENT)).isEqualTo(-Errno.ENOMEM);
      world.allowAllocations();
      assertThat(file.write(world.cpu(0), 4 * PAGE, PAGE, CONTENT)).isEqualTo(PAGE);
    }
  }

  @ParameterizedTest
  @BreaksProperty(value = "secrets-unreachable", because = "one configuration skips the flush")
  @MethodSource("removing")
  void fault_ofAPageNeverWritten_clearsAndRemovesIt(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config, MIB);
      long pfn = file.fault(world.cpu(0), 3);
      assertThat(world.tags().content(pfn)).isEqualTo(FrameContent.ZERO);
      assertThat(world.directMap().isPresentNow(pfn)).isFalse();
    }
  }

  @ParameterizedTest
  @BreaksProperty(
      value = {"freed-frame-translations", "secrets-unreachable"},
      because = "some configurations skip flushes")
  @MethodSource("removing")
  void write_inFoliosOf2M_removesWholeFolios(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config.withFolioOrder(9), 4 * MIB);
      assertThat(file.write(world.cpu(0), 2 * MIB, 2 * MIB, CONTENT)).isEqualTo(2 * MIB);
      assertThat(file.mapping().pfn(0)).isEqualTo(FileMapping.NONE);
      for (long index = 512; index < 1024; index++) {
        assertThat(world.directMap().isPresentNow(file.mapping().pfn(index))).isFalse();
        assertThat(world.tags().content(file.mapping().pfn(index))).isEqualTo(CONTENT);
      }
      file.release(world.cpu(0));
      assertThat(world.ownedBy(file.file())).isZero();
    }
  }

  @ParameterizedTest
  @BreaksProperty(value = "secrets-unreachable", because = "one configuration skips the flush")
  @MethodSource("variants")
  void ledger_afterAWrite_accountsForEveryCycle(GuestMemfdConfig config) {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, config, MIB);
      world.ledger().reset(world.cpu(0));
      long from = world.cpu(0).cycles();
      file.write(world.cpu(0), 0, MIB, CONTENT);
      long sum = 0;
      for (CostCategory category : CostCategory.values()) {
        sum += world.ledger().cycles(world.cpu(0), category);
      }
      assertThat(sum).isEqualTo(world.cpu(0).cycles() - from).isPositive();
      assertThat(world.ledger().cycles(world.cpu(0), CostCategory.COPYING)).isPositive();
      boolean usesMermap = config.removal() == GuestMemfdConfig.Removal.POOLED;
      assertThat(world.ledger().cycles(world.cpu(0), CostCategory.MERMAP) > 0)
          .isEqualTo(usesMermap);
    }
  }

  /** The posted patch ignores this error and leaves a page that is mapped and looks removed. */
  @Test
  void write_whenTheSplitFails_leavesThePageMappedAndSaysSo() {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, GuestMemfdConfig.BASELINE, MIB);
      world.failSplits(true);
      assertThat(file.write(world.cpu(0), 0, PAGE, CONTENT)).isEqualTo(-Errno.ENOMEM);
      long pfn = file.mapping().pfn(0);
      assertThat(file.isRemoved(0)).isFalse();
      assertThat(world.directMap().isPresentNow(pfn)).isTrue();
      world.failSplits(false);
      assertThat(file.write(world.cpu(0), 0, PAGE, CONTENT)).isEqualTo(PAGE);
      assertThat(file.mapping().pfn(0)).isEqualTo(pfn);
      assertThat(world.directMap().isPresentNow(pfn)).isFalse();
    }
  }

  /** A page that cannot be restored must not reach a list of mapped pages. */
  @Test
  void release_whenRestoringFails_keepsThePageOutOfTheAllocator() {
    try (IsolationWorld world = world()) {
      GuestMemfdConfig config = GuestMemfdConfig.BASELINE;
      SecretPages pages =
          new SecretPages(world.secretServices(), PoolRequest.GFP_BIT) {
            @Override
            int restore(Cpu cpu, long pfn, int order) {
              return -Errno.ENOMEM;
            }
          };
      GuestMemfd file = requireNonNull(GuestMemfd.create(world.cpu(0), pages, config, 2 * PAGE));
      file.write(world.cpu(0), 0, 2 * PAGE, CONTENT);
      world.watchFrees();
      file.release(world.cpu(0));
      assertThat(pages.leakedPages()).isEqualTo(2);
      assertThat(world.framesFreedWhileAbsent()).isZero();
      assertThat(world.ownedBy(file.file())).isEqualTo(2);
    }
  }

  /** A mapped page holds the secret until write_end; a pooled one never is both. */
  @Test
  void write_ofPooledPages_neverHasThemInTheDirectMap() {
    try (IsolationWorld world = world()) {
      GuestMemfd file = create(world, GuestMemfdConfig.UNMAPPED, MIB);
      long changes = world.directMapChanges();
      file.write(world.cpu(0), 0, MIB, CONTENT);
      assertThat(world.directMapChanges() - changes).isLessThanOrEqualTo(2);
    }
  }
}
