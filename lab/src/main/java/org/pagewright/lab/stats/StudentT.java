package org.pagewright.lab.stats;

/** Quantiles of Student's t distribution for two-sided 95 % intervals. */
final class StudentT {

  /** 97.5 % quantiles for 1 to 30 degrees of freedom, from the usual printed table. */
  private static final double[] QUANTILES = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042
  };

  private static final double NORMAL = 1.959964;

  private StudentT() {}

  /** The 97.5 % quantile for {@code degrees} degrees of freedom. */
  static double quantile975(int degrees) {
    if (degrees < 1) {
      throw new IllegalArgumentException("degrees of freedom must be at least 1: " + degrees);
    }
    if (degrees <= QUANTILES.length) {
      return QUANTILES[degrees - 1];
    }
    // Cornish-Fisher expansion around the normal quantile; off by less than 0.001 from 31 on.
    double z = NORMAL;
    double first = (z * z * z + z) / 4;
    double second = (5 * Math.pow(z, 5) + 16 * z * z * z + 3 * z) / 96;
    return z + first / degrees + second / ((double) degrees * degrees);
  }
}
