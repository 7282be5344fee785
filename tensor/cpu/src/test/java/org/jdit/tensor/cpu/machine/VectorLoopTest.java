package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.junit.jupiter.api.Test;

/** Loops keep their values in registers, as many as there are. */
class VectorLoopTest {
  private static VectorLoop.Loader loader() {
    return FloatCodeTest.here().loops();
  }

  /** Sums of products of all pairs of many values, which are used long after they are made. */
  @Test
  void valuesStayInTheirRegistersUntilTheirLastUse() {
    VectorLoop.Loader loader = loader();
    int count = 24;
    LoopWriter x = new LoopWriter();
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = x.add(x.vector(new Place(0, i, 1)), x.constant(LoopWriter.ARRAY, 0));
    }
    int sum = values[0];
    for (int i = 0; i < count; i++) {
      for (int j = i; j < count; j++) {
        sum = x.fma(values[i], values[j], sum);
      }
    }
    x.store(sum, new Place(1, 0, 1));
    VectorLoop loop = loader.load(x, Arena.global()).orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocate((count + 2L) * 64);
      for (int i = 0; i < in.byteSize() / 4; i++) {
        in.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 37 - 18);
      }
      MemorySegment out = arena.allocate(3 * 64);
      loop.run(new long[] {in.address(), out.address()}, new float[] {0.5f}, 3);
      for (int lane = 0; lane < 48; lane++) {
        float expected = in.getAtIndex(ValueLayout.JAVA_FLOAT, lane) + 0.5f;
        for (int i = 0; i < count; i++) {
          for (int j = i; j < count; j++) {
            float a = in.getAtIndex(ValueLayout.JAVA_FLOAT, lane + 16L * i) + 0.5f;
            float b = in.getAtIndex(ValueLayout.JAVA_FLOAT, lane + 16L * j) + 0.5f;
            expected = Math.fma(a, b, expected);
          }
        }
        assertThat(out.getAtIndex(ValueLayout.JAVA_FLOAT, lane)).isEqualTo(expected);
      }
    }
  }

  @Test
  void aLoopThatNeedsMoreRegistersThanThereAreIsRefused() {
    LoopWriter x = new LoopWriter();
    int[] values = new int[33];
    for (int i = 0; i < values.length; i++) {
      values[i] = x.vector(new Place(0, i, 1));
    }
    for (int i = 0; i < values.length; i++) {
      x.store(values[values.length - 1 - i], new Place(1, i, 1));
    }
    assertThat(x.code()).isEmpty();
    LoopWriter literals = new LoopWriter();
    for (int i = 0; i < 33; i++) {
      literals.store(literals.literal(i), new Place(0, i, 1));
    }
    assertThat(literals.code()).isEmpty();
  }

  @Test
  void noStepsLeaveSumsAsTheyBegin() {
    LoopWriter x = new LoopWriter();
    int v = x.vector(new Place(0, 0, 1));
    int sum = x.sum(3);
    x.collect(sum, x.add(sum, v), new Place(LoopWriter.ARRAY, 0, 1));
    x.store(x.add(v, v), new Place(LoopWriter.ARRAY, 1, 1));
    float[] array = new float[32];
    loader().load(x, Arena.global()).orElseThrow().run(new long[] {0}, array, 0);
    for (int i = 0; i < array.length; i++) {
      assertThat(array[i]).isEqualTo(i < 16 ? 3 : 0);
    }
  }

  @Test
  void sumsAreOnlyCollectedAndOnce() {
    LoopWriter x = new LoopWriter();
    int sum = x.sum(0);
    int other = x.sum(0);
    int next = x.add(sum, x.literal(1));
    Place to = new Place(0, 0, 1);
    assertThatThrownBy(() -> x.store(sum, to)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> x.collect(sum, other, to))
        .isInstanceOf(IllegalArgumentException.class);
    x.collect(sum, next, to);
    assertThatThrownBy(() -> x.collect(sum, next, to)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void stridesHaveRegistersAndFloats() {
    LoopWriter x = new LoopWriter();
    for (int i = 0; i < 2; i++) {
      x.strided(2 * i, false);
    }
    assertThatThrownBy(() -> x.strided(4, false)).isInstanceOf(IllegalArgumentException.class);
    x.store(x.vector(Format.SHORT, new Place(0, 0, 1)), new Place(9, 0, 1));
    assertThatThrownBy(x::code)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("SHORT");
  }
}
