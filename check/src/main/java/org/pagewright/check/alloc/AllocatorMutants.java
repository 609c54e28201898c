package org.pagewright.check.alloc;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.check.oracle.Violation;

/**
 * Runs a test of page allocators on allocators that are known to be wrong: a test that passes there
 * cannot fail where it should.
 *
 * <p>Property ({@link #NAME}): a test passes on the sound allocator and fails on each mutant of it.
 * Sees: what the test answers. Checked: for each mutant. Does not check: why a test fails.
 */
public final class AllocatorMutants {
  /** Name of the property in violations. */
  public static final String NAME = "tests-can-fail";

  /** What a test sees of an allocator. */
  public interface Frames {
    /** First frame of a block, or a negative number. */
    long allocate(int order);

    /** Gives a block back. */
    void free(long pfn, int order);
  }

  /** A test that asks for blocks and gives all of them back. */
  @FunctionalInterface
  public interface FramesTest {
    boolean passes(Frames frames);
  }

  /** What a mutant does wrong every so often. */
  private enum Mistake {
    /** A block is handed out while it is in use. */
    SAME_BLOCK("a block in use"),
    /** A frame is handed out that is the last one of a block in use. */
    LAST_FRAME("the last frame of a block in use");

    private final String what;

    Mistake(String what) {
      this.what = what;
    }
  }

  private AllocatorMutants() {}

  /** Violations for each allocator about which the test is wrong. */
  public static List<Violation> wrongAbout(Frames sound, FramesTest test) {
    List<Violation> found = new ArrayList<>();
    if (!test.passes(sound)) {
      found.add(new Violation(NAME, /* cpu= */ -1, "the test fails on the sound allocator"));
    }
    for (Mistake mistake : Mistake.values()) {
      if (test.passes(new Mutant(sound, mistake))) {
        String what = "the test passes although " + mistake.what + " is handed out";
        found.add(new Violation(NAME, /* cpu= */ -1, what));
      }
    }
    return found;
  }

  /** An allocator that is wrong about every tenth request for one frame. */
  private static final class Mutant implements Frames {
    private static final int EVERY = 10;
    private static final int PAIR = 1;

    private final Frames sound;
    private final Mistake mistake;
    private final Set<Long> handedOutAgain = new HashSet<>();
    private int requests;
    private long lastFrame = -1;
    private long lastPair = -1;

    Mutant(Frames sound, Mistake mistake) {
      this.sound = sound;
      this.mistake = mistake;
    }

    @Override
    public long allocate(int order) {
      long again = mistake == Mistake.SAME_BLOCK ? lastFrame : lastPair + PAIR;
      boolean canRepeat = order == 0 && again > 0 && !handedOutAgain.contains(again);
      if (canRepeat && ++requests % EVERY == 0) {
        handedOutAgain.add(again);
        return again;
      }
      long pfn = sound.allocate(order);
      if (order == 0) {
        lastFrame = pfn;
      } else if (order == PAIR) {
        lastPair = pfn;
      }
      return pfn;
    }

    @Override
    public void free(long pfn, int order) {
      if (order > 0 || !handedOutAgain.remove(pfn)) {
        sound.free(pfn, order);
      }
    }
  }
}
