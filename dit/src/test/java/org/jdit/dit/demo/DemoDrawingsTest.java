package org.jdit.dit.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Drawings repeat, differ, are seen, and can be told apart by their shape alone. */
class DemoDrawingsTest {
  private static final int CLASSES = DemoDrawings.CLASSES.size();
  private static final int SIZE = 32;

  private static int[] pixels(BufferedImage image) {
    int side = image.getWidth();
    return image.getRGB(0, 0, side, side, null, 0, side);
  }

  private static int[] drawing(int label, long seed, int size) {
    return pixels(DemoDrawings.draw(label, seed, size));
  }

  private static int channel(int rgb, int c) {
    return (rgb >> (8 * c)) & 0xff;
  }

  @Test
  void aDrawingFollowsFromClassAndSeed() {
    for (int label = 0; label < CLASSES; label++) {
      int[] first = drawing(label, 7, SIZE);
      assertThat(drawing(label, 7, SIZE)).isEqualTo(first);
      assertThat(drawing(label, 8, SIZE)).isNotEqualTo(first);
      assertThat(drawing((label + 1) % CLASSES, 7, SIZE)).isNotEqualTo(first);
    }
  }

  /** A model that was trained on the drawings knows these; a change makes another data set. */
  @Test
  void thePixelsAreTheRecordedOnes() {
    CRC32 crc = new CRC32();
    for (int label = 0; label < CLASSES; label++) {
      for (int pixel : drawing(label, 100 + label, SIZE)) {
        crc.update(ByteBuffer.allocate(4).putInt(pixel).flip());
      }
    }
    assertThat(crc.getValue()).isEqualTo(119_933_496L);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 32})
  void anotherSizeIsTheSamePicture(int size) {
    for (int label = 0; label < CLASSES; label++) {
      int[] small = drawing(label, 3, size);
      int[] large = drawing(label, 3, 2 * size);
      long off = 0;
      for (int i = 0; i < small.length; i++) {
        int at = i / size * 4 * size + i % size * 2;
        for (int c = 0; c < 3; c++) {
          int sum =
              channel(large[at], c)
                  + channel(large[at + 1], c)
                  + channel(large[at + 2 * size], c)
                  + channel(large[at + 2 * size + 1], c);
          off += Math.abs(sum / 4 - channel(small[i], c));
        }
      }
      // Edges are sampled at other points, which is all that may differ.
      assertThat(off / (3.0 * small.length)).isLessThan(2);
    }
  }

  @Test
  void everyFigureStandsOutFromItsBackground() {
    for (int i = 0; i < 200 * CLASSES; i++) {
      assertThat(Arrays.stream(DemoShape.mask(drawing(i % CLASSES, i, SIZE), SIZE)).sum())
          .as("pixels of %s %d", DemoDrawings.CLASSES.get(i % CLASSES), i)
          .isBetween(0.05 * SIZE * SIZE, 0.8 * SIZE * SIZE);
    }
  }

  /**
   * Colours: the root mean square distance from the class's mean drawing is a fifth of the range.
   * Shapes: no two masks agree, and two differ in a fifth of all pixels on average.
   */
  @Test
  void drawingsOfAClassDiffer() {
    int n = 200;
    for (int label = 0; label < CLASSES; label++) {
      String name = DemoDrawings.CLASSES.get(label);
      double variance = 0;
      List<int[]> all = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        all.add(drawing(label, i, SIZE));
      }
      for (int p = 0; p < SIZE * SIZE; p++) {
        for (int c = 0; c < 3; c++) {
          double sum = 0;
          double squares = 0;
          for (int[] one : all) {
            double x = channel(one[p], c) / 255.0;
            sum += x;
            squares += x * x;
          }
          variance += (squares - sum * sum / n) / n;
        }
      }
      assertThat(Math.sqrt(variance / (3 * SIZE * SIZE))).as(name).isGreaterThan(0.2);
      List<double[]> masks = all.stream().map(one -> DemoShape.mask(one, SIZE)).toList();
      double apart = 0;
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
          double differing = DemoShape.distance(masks.get(i), masks.get(j));
          assertThat(differing).as(name).isPositive();
          apart += differing / (SIZE * SIZE);
        }
      }
      assertThat(apart / (n * (n - 1) / 2.0)).as(name).isGreaterThan(0.2);
    }
  }

  /** Colours tell nothing, so shapes must; by chance 1 in 12 would be right. */
  @Test
  void theNearestShapeIsOfTheSameClass() {
    int known = 150;
    int asked = 40;
    List<double[]> shapes = new ArrayList<>();
    for (int i = 0; i < (known + asked) * CLASSES; i++) {
      shapes.add(DemoShape.of(drawing(i % CLASSES, i, SIZE), SIZE));
    }
    int[] right = new int[CLASSES];
    for (int i = known * CLASSES; i < shapes.size(); i++) {
      double[] shape = shapes.get(i);
      int nearest = 0;
      double least = Double.MAX_VALUE;
      for (int j = 0; j < known * CLASSES; j++) {
        double d = DemoShape.distance(shape, shapes.get(j));
        if (d < least) {
          least = d;
          nearest = j;
        }
      }
      right[i % CLASSES] += nearest % CLASSES == i % CLASSES ? 1 : 0;
    }
    assertThat(right)
        .as("right of %d in each class", asked)
        .doesNotContain(IntStream.range(0, (int) (0.9 * asked)).toArray());
    assertThat(Arrays.stream(right).sum()).isGreaterThan((int) (0.95 * asked * CLASSES));
  }

  @Test
  void refusesWhatItCannotDraw() {
    assertThatThrownBy(() -> DemoDrawings.draw(12, 0, 32))
        .isInstanceOf(JditException.class)
        .hasMessage("class label 12 is out of range: there are drawings of classes 0 to 11");
    assertThatThrownBy(() -> DemoDrawings.draw(0, 0, 8))
        .isInstanceOf(JditException.class)
        .hasMessage("drawings of 8 pixels: choose a size from 16 to 512");
  }
}
