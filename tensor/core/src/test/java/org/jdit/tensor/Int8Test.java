package org.jdit.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Numbers of one byte are exact in float32, and give the same bytes again. */
class Int8Test {
  private static final float MOST = Int8.LARGEST * Math.scalb(1 - 0x1p-17f, 120);

  @Test
  void everyNumberIsExactAndFoundAgain() {
    Random random = new Random(1);
    for (int i = 0; i < 10_000; i++) {
      float largest = i == 0 ? 0 : Math.scalb(1 + random.nextFloat(), random.nextInt(-149, 126));
      float scale = Int8.scale(largest);
      assertThat(Int8.isScale(scale)).as("%s", largest).isTrue();
      byte most = Int8.nearest(largest, scale);
      assertThat(Int8.scale(most * scale)).isEqualTo(scale);
      for (int q = -most; q <= most; q++) {
        assertThat((double) (q * scale)).isEqualTo((double) q * scale);
        assertThat(Int8.nearest(q * scale, scale)).isEqualTo((byte) q);
      }
    }
  }

  @Test
  void theLargestNumberTakesTheLargestByteAndNoneIsOffByMoreThanHalfAScale() {
    Random random = new Random(2);
    for (int i = 0; i < 10_000; i++) {
      float largest = Math.scalb(1 + random.nextFloat(), random.nextInt(-119, 126));
      float scale = Int8.scale(largest);
      assertThat(Int8.nearest(largest, scale)).isEqualTo((byte) Int8.LARGEST);
      assertThat(Int8.nearest(-largest, scale)).isEqualTo((byte) -Int8.LARGEST);
      // A 127th, rounded up to 17 bits.
      assertThat((double) scale).isBetween(largest / 127.0, largest / 127.0 * (1 + 0x1p-16));
      float x = largest * random.nextFloat();
      double error = Math.abs((double) x - Int8.nearest(x, scale) * scale);
      assertThat(error).isLessThanOrEqualTo(scale / 2.0);
    }
  }

  @Test
  void whatIsNoNumberHasNoScale() {
    for (float x : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE}) {
      assertThat(Int8.isScale(Int8.scale(x))).as("%s", x).isFalse();
    }
    assertThat(Int8.isScale(Int8.scale(MOST))).isTrue();
    for (float x : new float[] {0, -1, Float.MIN_VALUE, Math.nextUp(1f), 1 + 0x1p-17f}) {
      assertThat(Int8.isScale(x)).as("%s", x).isFalse();
    }
    assertThat(Int8.isScale(1 + 0x1p-16f)).isTrue();
  }
}
