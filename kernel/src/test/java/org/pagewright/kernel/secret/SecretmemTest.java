package org.pagewright.kernel.secret;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.mm.IsolationWorld;
import org.pagewright.kernel.mm.Task;

/** Answers of memfd_secret and where its pages are, in every version. */
class SecretmemTest {
  private static final long PAGE = 4096;

  static java.util.List<SecretmemConfig> versions() {
    return SecretmemConfig.all();
  }

  private static Secretmem.File open(IsolationWorld world, SecretmemConfig config, long pages) {
    Secretmem secretmem = new Secretmem(world.secretPages(config), config);
    Secretmem.File file = requireNonNull(secretmem.create(world.cpu(0), 0));
    assertThat(file.truncate(world.cpu(0), pages * PAGE)).isZero();
    return file;
  }

  private static IsolationWorld world() {
    IsolationWorld world = IsolationWorld.of(MermapConfig.V2);
    world.runNewProcess(0);
    return world;
  }

  @Test
  void memfdSecret_answers() {
    try (IsolationWorld world = world()) {
      SecretmemConfig config = SecretmemConfig.MAINLINE;
      SecretPages pages = world.secretPages(config);
      assertThat(new Secretmem(pages, config.withEnabled(false)).check(0)).isEqualTo(-Errno.ENOSYS);
      Secretmem secretmem = new Secretmem(pages, config);
      assertThat(secretmem.check(1)).isEqualTo(-Errno.EINVAL);
      assertThat(secretmem.check(Secretmem.O_CLOEXEC)).isZero();
      secretmem.setUsers(-1);
      assertThat(secretmem.check(0)).isEqualTo(-Errno.ENFILE);
      assertThat(secretmem.create(world.cpu(0), 0)).isNull();
    }
  }

  @Test
  void file_answers() {
    try (IsolationWorld world = world()) {
      Secretmem.File file = open(world, SecretmemConfig.MAINLINE, 4);
      assertThat(file.truncate(world.cpu(0), 8 * PAGE)).isEqualTo(-Errno.EINVAL);
      assertThat(file.mmap(Secretmem.MAP_PRIVATE, PAGE, 0, 1 << 16)).isEqualTo(-Errno.EINVAL);
      assertThat(file.mmap(Secretmem.MAP_SHARED, PAGE, 1 << 16, 1 << 16)).isEqualTo(-Errno.EAGAIN);
      assertThat(file.mmap(Secretmem.MAP_SHARED, PAGE, 0, 1 << 16)).isZero();
      assertThat(file.fault(world.cpu(0), 4)).isEqualTo(-Errno.EINVAL);
      assertThat(file.migrate()).isEqualTo(-Errno.EBUSY);
      assertThat(file.pinByUserAddress()).isEqualTo(-Errno.EFAULT);
    }
  }

  @ParameterizedTest
  @MethodSource("versions")
  void fault_givesAClearedPageOutsideTheDirectMapAndEveryTlb(SecretmemConfig config) {
    try (IsolationWorld world = world()) {
      Secretmem.File file = open(world, config, 4);
      world.warmDirectMapEverywhere();
      long pfn = file.fault(world.cpu(0), 1);
      assertThat(pfn).isPositive();
      assertThat(file.fault(world.cpu(0), 1)).isEqualTo(pfn);
      assertThat(world.directMap().isPresentNow(pfn)).isFalse();
      assertThat(world.tlbsReachByDirectMap(pfn)).isFalse();
      assertThat(world.tags().content(pfn)).isEqualTo(FrameContent.ZERO);
      assertThat(world.tags().owner(pfn)).isEqualTo(file.file());
    }
  }

  @ParameterizedTest
  @MethodSource("versions")
  void release_givesEveryPageBackAsItsVersionPromises(SecretmemConfig config) {
    try (IsolationWorld world = world()) {
      Secretmem.File file = open(world, config, 8);
      long before = world.ownedBy(file.file());
      long pfn = file.fault(world.cpu(0), 0);
      for (int index = 1; index < 8; index++) {
        file.fault(world.cpu(0), index);
      }
      world.tags().setContent(pfn, FrameContent.secretOf(file.file()));
      file.release(world.cpu(0));
      assertThat(world.ownedBy(file.file())).isEqualTo(before);
      boolean staysAbsent =
          config.backing() == SecretmemConfig.Backing.POOLED
              || config.backing() == SecretmemConfig.Backing.CACHE_FAST;
      assertThat(world.directMap().isPresentNow(pfn)).isEqualTo(!staysAbsent);
      boolean staysUncleared = config.backing() == SecretmemConfig.Backing.CACHE_FAST;
      assertThat(FrameContent.isSecret(world.tags().content(pfn))).isEqualTo(staysUncleared);
      assertThat(world.tlbsReachByMermap(pfn)).isFalse();
    }
  }

  /** Whoever loses the race for an index restores its page before anybody else can get it. */
  @Test
  void fault_losingTheRace_restoresBeforeItFrees() {
    try (IsolationWorld world = world()) {
      SecretPages pages = world.secretPages(SecretmemConfig.MAINLINE);
      boolean[] raced = new boolean[1];
      SecretPageCache cache =
          new SecretPageCache(pages, SecretmemConfig.Backing.REMOVE_EACH) {
            @Override
            protected void beforeInsert(org.pagewright.hardware.cpu.Cpu cpu, long index) {
              if (!raced[0]) {
                raced[0] = true;
                grab(world.cpu(1), index);
              }
            }
          };
      world.watchFrees();
      long pfn = cache.grab(world.cpu(0), 5);
      assertThat(raced[0]).isTrue();
      assertThat(cache.mapping().pfn(5)).isEqualTo(pfn);
      assertThat(cache.mapping().pages()).isEqualTo(1);
      assertThat(world.framesFreedWhileAbsent()).isZero();
    }
  }

  /** The fast path needs the mermap of somebody: a kernel thread has none. */
  @Test
  void grab_byAKernelThread_failsOnlyWhereAMermapIsNeeded() {
    try (IsolationWorld world = world()) {
      Task worker = world.processes().createTask(Task.Kind.KERNEL_THREAD, null);
      world.processes().run(world.cpu(0), worker);
      for (SecretmemConfig config : SecretmemConfig.all()) {
        SecretPages pages = world.secretPages(config);
        long before = world.usedPages();
        long result = new SecretPageCache(pages, config.backing()).grab(world.cpu(0), 0);
        boolean needsMermap =
            config.backing() == SecretmemConfig.Backing.POOLED
                || config.backing() == SecretmemConfig.Backing.CACHE_FAST;
        assertThat(result < 0).as(config.name()).isEqualTo(needsMermap);
        if (needsMermap) {
          assertThat(world.usedPages()).isEqualTo(before);
        }
      }
    }
  }

  @Test
  void pin_ofASecretPage_isRefusedBeforeAndAfterItGetsItsLruFlag() {
    try (IsolationWorld world = world()) {
      SecretmemConfig config = SecretmemConfig.MAINLINE;
      SecretPages pages = world.secretPages(config);
      SecretPageCache file = new SecretPageCache(pages, config.backing());
      FastPin pins = new FastPin(world.machine().events());
      assertThat(pins.pin(world.cpu(0), file, 3)).isEqualTo(-Errno.EFAULT);
      assertThat(file.grab(world.cpu(0), 3)).isPositive();
      assertThat(file.mapping().folioIs(3, FileMapping.LRU)).isFalse();
      assertThat(pins.pin(world.cpu(0), file, 3)).isEqualTo(-Errno.EFAULT);
      pages.drainLru(world.cpu(0));
      assertThat(file.mapping().folioIs(3, FileMapping.LRU)).isTrue();
      assertThat(pins.pin(world.cpu(0), file, 3)).isEqualTo(-Errno.EFAULT);
      assertThat(world.cpu(0).interruptsEnabled()).isTrue();
    }
  }

  @Test
  void lruFlag_comesWithTheLastPageOfABatch() {
    try (IsolationWorld world = world()) {
      SecretmemConfig config = SecretmemConfig.MAINLINE;
      SecretPageCache file = new SecretPageCache(world.secretPages(config), config.backing());
      for (int index = 0; index < LruBatches.PAGES - 1; index++) {
        assertThat(file.grab(world.cpu(0), index)).isPositive();
      }
      assertThat(file.mapping().folioIs(0, FileMapping.LRU)).isFalse();
      assertThat(file.grab(world.cpu(0), LruBatches.PAGES - 1)).isPositive();
      assertThat(file.mapping().folioIs(0, FileMapping.LRU)).isTrue();
    }
  }
}
