package org.pagewright.hardware.choice;

/**
 * Pseudo-random answers from a seed: the SplitMix64 generator (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014), written out so that a seed means the same run
 * on every JDK.
 *
 * <p>A state of 64 bits advances by an odd constant and is scrambled by two multiplications. A
 * bounded answer is the high half of the 128-bit product of the scrambled word and the bound, whose
 * bias is below 2<sup>-32</sup>.
 */
public final class SeededChoices implements Choices {
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  private final long seed;
  private long state;

  public SeededChoices(long seed) {
    this.seed = seed;
    this.state = scramble(seed);
  }

  /** The seed that repeats this stream from its beginning. */
  public long seed() {
    return seed;
  }

  @Override
  public int pick(int n, String why) {
    if (n <= 1) {
      Choices.requireAlternatives(n, why);
      return 0;
    }
    return (int) Math.unsignedMultiplyHigh(next(), n);
  }

  /** 64 pseudo-random bits. */
  public long next() {
    state += GOLDEN_GAMMA;
    return scramble(state);
  }

  /** A number from 0 up to, not including, {@code bound}. */
  public long below(long bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound must be positive: " + bound);
    }
    return Math.unsignedMultiplyHigh(next(), bound);
  }

  /**
   * An independent stream with a name: the same for the same seed and name, however much this
   * stream has been used.
   */
  public SeededChoices split(String name) {
    long hash = scramble(seed ^ GOLDEN_GAMMA);
    for (int i = 0; i < name.length(); i++) {
      hash = scramble(hash + GOLDEN_GAMMA + name.charAt(i));
    }
    return new SeededChoices(hash);
  }

  private static long scramble(long word) {
    word = (word ^ word >>> 30) * 0xbf58476d1ce4e5b9L;
    word = (word ^ word >>> 27) * 0x94d049bb133111ebL;
    return word ^ word >>> 31;
  }
}
