package org.pagewright.lab.stats;

/**
 * What a set of samples says.
 *
 * @param stdev the sample standard deviation, 0 for a single sample
 * @param halfWidth95 half the width of the 95 % interval of the mean (Student's t), 0 for a single
 *     sample, of which nothing is known
 */
public record Summary(
    int samples, double mean, double min, double max, double stdev, double halfWidth95) {

  /** Summarises {@code samples}, of which there must be at least one, all finite. */
  public static Summary of(double... samples) {
    if (samples.length == 0) {
      throw new IllegalArgumentException("no samples");
    }
    double mean = mean(samples);
    double min = samples[0];
    double max = samples[0];
    double squares = 0;
    for (double sample : samples) {
      if (!Double.isFinite(sample)) {
        throw new IllegalArgumentException("sample is not a finite number: " + sample);
      }
      min = Math.min(min, sample);
      max = Math.max(max, sample);
      squares += (sample - mean) * (sample - mean);
    }
    int n = samples.length;
    double stdev = n == 1 ? 0 : Math.sqrt(squares / (n - 1));
    double halfWidth = n == 1 ? 0 : StudentT.quantile975(n - 1) * stdev / Math.sqrt(n);
    return new Summary(n, mean, min, max, stdev, halfWidth);
  }

  private static double mean(double[] samples) {
    double sum = 0;
    for (double sample : samples) {
      sum += sample;
    }
    double mean = sum / samples.length;
    double residue = 0;
    for (double sample : samples) {
      residue += sample - mean;
    }
    // The second pass takes away the rounding of the first: equal samples have exactly their mean.
    return mean + residue / samples.length;
  }

  /** How much larger this mean is than that of {@code reference}, in percent of the latter. */
  public double deltaPercent(Summary reference) {
    if (reference.mean == 0) {
      return mean == 0 ? 0 : Double.NaN;
    }
    return (mean - reference.mean) / reference.mean * 100;
  }
}
