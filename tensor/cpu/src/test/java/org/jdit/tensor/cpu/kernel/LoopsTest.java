package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.cpu.machine.FloatCode;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Where;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each operation in machine code gives the bits that it gives in the Vector API. */
class LoopsTest {
  private static final int COUNT = 1 << 16;

  static List<Op> ops() {
    return Stream.of(
            Stream.of(Unary.Fn.values()).map(Unary::new),
            Stream.of(Binary.Fn.values()).map(Binary::new),
            Stream.of(Compare.Fn.values()).map(Compare::new),
            Stream.of(
                new Scale(-0.3),
                new Shift(1.7),
                new Clamp(-1, 0),
                new Where(),
                new Cast(DType.F32),
                new Gelu(),
                new Silu(),
                new GateResidual()))
        .<Op>flatMap(s -> s)
        .filter(Loops::compute)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("ops")
  void bitsAreThoseOfTheVectorApi(Op op) {
    LoopWriter x = new LoopWriter();
    int a = x.vector(new Place(0, 0, 1));
    int b = x.vector(new Place(1, 0, 1));
    int c = x.vector(new Place(2, 0, 1));
    x.store(Loops.compute(x, op, a, b, c), new Place(3, 0, 1));
    assumeThat(Lanes.COUNT).as("lanes of the vectors that have machine code").isEqualTo(16);
    assumeThat(FloatCode.find().toOptional()).as("%s", FloatCode.find()).isPresent();
    Optional<VectorLoop> loop = Loops.load(x);
    assertThat(loop).isPresent();
    try (Arena arena = Arena.ofConfined()) {
      long[] at = new long[4];
      for (int i = 0; i < 3; i++) {
        at[i] = numbers(arena, i).address();
      }
      MemorySegment found = arena.allocate(4L * COUNT, 64);
      MemorySegment expected = arena.allocate(4L * COUNT, 64);
      at[3] = found.address();
      loop.get().run(at, COUNT / Lanes.COUNT);
      FloatFunction.of(op).apply(at[0], at[1], at[2], expected.address(), 4L * COUNT);
      for (int i = 0; i < COUNT; i++) {
        float x0 = found.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        float y0 = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        // Bits, but one NaN is as good as another.
        if (Float.floatToIntBits(x0) != Float.floatToIntBits(y0)) {
          assertThat(x0).as("element %d of %s", i, op).isEqualTo(y0);
        }
      }
    }
  }

  /** Numbers of all sizes, and what else a float can be. */
  private static MemorySegment numbers(Arena arena, long seed) {
    Random random = new Random(seed);
    MemorySegment all = arena.allocate(4L * COUNT, 64);
    for (int i = 0; i < COUNT; i++) {
      float x =
          switch (random.nextInt(8)) {
            case 0 -> Float.intBitsToFloat(random.nextInt());
            case 1 -> random.nextInt(-2, 3);
            case 2 -> random.nextBoolean() ? 0f : -0f;
            case 3 -> random.nextFloat(-110, 100);
            default -> random.nextFloat(-4, 4);
          };
      all.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
    }
    return all;
  }
}
