package org.pagewright.lab.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class StatsTest {

  @Nested
  class Summaries {

    @Test
    void summary_ofKnownSamples_matchesHandCalculation() {
      Summary summary = Summary.of(2, 4, 4, 4, 5, 5, 7, 9);

      assertThat(summary.samples()).isEqualTo(8);
      assertThat(summary.mean()).isEqualTo(5);
      assertThat(summary.min()).isEqualTo(2);
      assertThat(summary.max()).isEqualTo(9);
      assertThat(summary.stdev()).isCloseTo(2.13809, within(1e-5));
      assertThat(summary.halfWidth95()).isCloseTo(2.365 * 2.13809 / Math.sqrt(8), within(1e-4));
    }

    @Test
    void summary_ofOneSample_claimsNoSpread() {
      assertThat(Summary.of(7.5)).isEqualTo(new Summary(1, 7.5, 7.5, 7.5, 0, 0));
    }

    @Test
    void summary_ofEqualSamples_hasExactMeanAndNoSpread() {
      Summary summary = Summary.of(0.1, 0.1, 0.1, 0.1, 0.1, 0.1);

      assertThat(summary.mean()).isEqualTo(0.1);
      assertThat(summary.stdev()).isZero();
    }

    @Test
    void delta_ofPublishedMeans_isThePublishedPercentage() {
      Summary baseline = Summary.of(1.04);

      assertThat(Summary.of(0.31302).deltaPercent(baseline)).isCloseTo(-69.9, within(0.05));
      assertThat(baseline.deltaPercent(baseline)).isZero();
    }

    @Test
    void delta_againstZero_isNotANumber() {
      assertThat(Summary.of(1).deltaPercent(Summary.of(0))).isNaN();
      assertThat(Summary.of(0).deltaPercent(Summary.of(0))).isZero();
    }

    @Test
    void summary_ofNothingOrOfInfinity_isRefused() {
      assertThatThrownBy(Summary::of).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> Summary.of(1, Double.POSITIVE_INFINITY))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Nested
  class Quantiles {

    @Test
    void quantile_atTheEndOfTheTable_continuesSmoothly() {
      assertThat(StudentT.quantile975(31)).isCloseTo(2.0395, within(0.0005));
      assertThat(StudentT.quantile975(60)).isCloseTo(2.0003, within(0.0005));
      assertThat(StudentT.quantile975(1000)).isCloseTo(1.9623, within(0.0005));
    }

    @Test
    void quantile_growsWithFewerDegrees() {
      for (int degrees = 1; degrees < 200; degrees++) {
        assertThat(StudentT.quantile975(degrees)).isGreaterThan(StudentT.quantile975(degrees + 1));
      }
    }
  }

  @Nested
  class Histograms {

    @Test
    void bars_ofTheCoverLettersMeans_standWhereItPrintsThem() {
      assertThat(Histogram.of(new double[] {1.04}, 0, 1.10, 22).bars())
          .isEqualTo("                    █ ");
      assertThat(Histogram.of(new double[] {0.31302}, 0, 1.10, 22).bars())
          .isEqualTo("      █               ");
    }

    @Test
    void bars_withAnOutlier_showIt() {
      double[] samples = new double[100];
      samples[99] = 10;

      assertThat(Histogram.of(samples, 0, 10, 5).bars()).isEqualTo("█   ▁");
    }

    @Test
    void counts_addUpToTheSamples() {
      Histogram histogram = Histogram.of(new double[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0, 10, 4);

      int sum = 0;
      for (int column = 0; column < histogram.columns(); column++) {
        sum += histogram.count(column);
      }
      assertThat(sum).isEqualTo(11);
      assertThat(histogram.count(3)).isEqualTo(3);
    }

    @Test
    void axis_ofNoWidth_putsAllInTheFirstColumn() {
      assertThat(Histogram.of(new double[] {3, 3}, 3, 3, 3).bars()).isEqualTo("█  ");
    }

    @Test
    void sample_outsideTheAxis_isRefused() {
      assertThatThrownBy(() -> Histogram.of(new double[] {11}, 0, 10, 4))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("11");
    }
  }
}
