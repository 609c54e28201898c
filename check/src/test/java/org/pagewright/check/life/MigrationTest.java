package org.pagewright.check.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.BatchedFlush;
import org.pagewright.kernel.vm.Migration;
import org.pagewright.kernel.vm.VmServices;

/** Pages of users that move to other frames, alone and while others use them. */
final class MigrationTest {
  private static final int READ_WRITE = Access.READ | Access.WRITE;
  private static final int SCHEDULES = 400;

  // ---- alone

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86_64-4level",
        "x86_64-5level",
        "x86_64-pae",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57"
      })
  void page_ofEachKindAndFormat_movesWithItsContentAndRights(String format) {
    try (MigrationWorld world = new MigrationWorld(format)) {
      Cpu cpu = world.cpu(0);
      for (int access : List.of(READ_WRITE, Access.READ, 0)) {
        for (long va : List.of(world.ownVa(), world.fileVa())) {
          long before = world.pfn(va);
          world.protect(va, access);
          assertThat(world.move(cpu, va)).isZero();
          assertThat(world.pfn(va)).isNotEqualTo(before);
          int mayRead = (access & Access.READ) != 0 ? 0 : -Errno.EFAULT;
          int mayWrite = (access & Access.WRITE) != 0 ? 0 : -Errno.EFAULT;
          assertThat(world.touch(cpu, va)).isEqualTo(mayRead);
          assertThat(world.store(cpu, va, 9)).isEqualTo(mayWrite);
          world.protect(va, READ_WRITE);
          assertThat(world.load(cpu, va)).isEqualTo(9);
        }
      }
      assertThat(world.inspect()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "aarch64-64k", "riscv64-sv39"})
  void page_thatForkShares_movesForBothAndIsStillCopiedOnWrite(String format) {
    try (MigrationWorld world = new MigrationWorld(format)) {
      Cpu cpu = world.cpu(0);
      long va = world.ownVa();
      AddressSpace child = world.fork(cpu);
      assertThat(world.move(cpu, va)).isZero();
      assertThat(world.store(cpu, va, 5)).isZero();
      world.switchTo(cpu, child);
      assertThat(world.load(cpu, va)).isEqualTo(MigrationWorld.FIRST_VALUE);
      assertThat(world.inspect()).isEmpty();
    }
  }

  @Test
  void pages_thatMustNotMove_stayAndSayWhy() {
    try (MigrationWorld world = new MigrationWorld("x86_64-4level")) {
      Cpu cpu = world.cpu(0);
      long pinned = world.pin(cpu, world.ownVa());
      assertThat(world.move(cpu, world.ownVa())).as("pinned").isEqualTo(-Errno.EAGAIN);
      assertThat(world.pfn(world.ownVa())).isEqualTo(pinned);
      assertThat(world.refusedPages()).isPositive();
      world.unpin(cpu, pinned);
      assertThat(world.move(cpu, world.ownVa())).as("not pinned any more").isZero();
      long untouched = world.mapUntouched();
      assertThat(world.move(cpu, untouched)).as("no page").isEqualTo(-Errno.ENOENT);
      assertThat(world.touch(cpu, untouched)).isZero();
      assertThat(world.move(cpu, untouched)).as("zero page").isEqualTo(-Errno.EFAULT);
      assertThat(world.move(cpu, 0)).as("no area").isEqualTo(-Errno.EFAULT);
      assertThat(world.move(cpu, world.mapSecret(cpu))).as("secret").isEqualTo(-Errno.EBUSY);
      assertThat(world.inspect()).isEmpty();
    }
  }

  @Test
  void hugeBlock_inMemoryThatIsInPieces_isMadeByMovingPages() {
    try (MigrationWorld world = new MigrationWorld("x86_64-4level")) {
      Cpu cpu = world.cpu(0);
      List<Long> kept = world.fillAndThinOut(cpu);
      long before = world.movedPages();

      long block = world.allocator().allocate(cpu, Gfp.KERNEL, 9);

      assertThat(block).isNotEqualTo(PageAllocator.NONE);
      assertThat(world.movedPages()).isGreaterThan(before);
      for (long va : kept) {
        assertThat(world.load(cpu, va)).as("at 0x%x", va).isEqualTo(va);
      }
      world.allocator().free(cpu, block, 9);
      assertThat(world.inspect()).isEmpty();
    }
  }

  // ---- while others use them

  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, STORE",
    "x86_64-4level, UNMAP",
    "x86_64-4level, FORK",
    "x86_64-4level, PROTECT",
    "x86_64-4level, PIN",
    "x86_64-4level, MOVE",
    "x86_64-4level, REMAP",
    "x86_64-4level, DONT_NEED",
    "x86_64-4level, FILE_STORE",
    "x86_64-4level, RECLAIM",
    "x86_64-4level, TRUNCATE",
    "aarch64-4k, STORE",
    "aarch64-4k, FORK",
    "riscv64-sv39, STORE",
    "riscv64-sv39, FORK"
  })
  void otherCpu_whileAPageMoves_breaksNoPropertyUnderAnySchedule(
      String format, MigrationWorld.Deed deed) {
    Exploration result = search(trial(format, deed, Migration::new));
    assertThat(result.failure()).isNull();
  }

  @Test
  void missingFlush_beforeTheCopy_isFound() {
    Exploration result = search(trial("x86_64-4level", MigrationWorld.Deed.STORE, NoFlush::new));
    assertThat(result.failure()).isNotNull();
  }

  @Test
  void missingLookAtReferences_afterTheCopy_losesWhatAPinWroteAndIsFound() {
    Exploration result = search(trial("x86_64-4level", MigrationWorld.Deed.PIN, IgnoresPins::new));
    assertThat(result.failure()).isNotNull();
    assertThat(result.failure().violations().getFirst().oracle()).isEqualTo("what-was-stored");
  }

  private static Exploration search(Trial<MigrationWorld> trial) {
    AtomicInteger schedules = new AtomicInteger();
    return new Explorer(trial).exhaust(2, () -> schedules.incrementAndGet() > SCHEDULES);
  }

  private static Trial<MigrationWorld> trial(
      String format, MigrationWorld.Deed deed, MigrationWorld.Maker maker) {
    return Trial.ofTwo(
        () -> new MigrationWorld(format, maker),
        Act.of("move", (world, cpu) -> world.moveFor(cpu, deed)),
        Act.of(deed.name(), (world, cpu) -> world.act(cpu, deed)));
  }

  /** Copies while translation caches may still hold the page. */
  private static final class NoFlush extends Migration {
    NoFlush(VmServices services, BatchedFlush flushes) {
      super(services, flushes);
    }

    @Override
    public void flush(@Nullable Cpu cpu) {}
  }

  /** Takes everybody who has a reference for somebody who only looks. */
  private static final class IgnoresPins extends Migration {
    IgnoresPins(VmServices services, BatchedFlush flushes) {
      super(services, flushes);
    }

    @Override
    protected boolean hasOnly(int references, int expected) {
      return true;
    }
  }
}
