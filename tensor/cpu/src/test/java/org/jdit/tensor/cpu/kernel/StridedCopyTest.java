package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.memory.Memory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Copies and chunked reads find the elements that strides name, whatever they make of the axes. */
class StridedCopyTest {
  @ParameterizedTest
  @EnumSource
  void elementsGoWhereTheirIndicesSay(DType dtype) {
    Random random = new Random(dtype.name().hashCode());
    try (Workers workers = new Workers(2)) {
      for (int i = 0; i < 60; i++) {
        // The last ones are larger than a task.
        check(dtype, random, workers, i < 55 ? 5 : 45);
      }
    }
  }

  private static void check(DType dtype, Random random, Workers workers, int size) {
    int rank = random.nextInt(5);
    Shape whole = Shape.of(IntStream.range(0, rank).map(_ -> 1 + random.nextInt(size)).toArray());
    Memory memory = new Memory();
    try (Memory.Slab a = memory.allocate(new Spec(whole, dtype).bytes());
        Memory.Slab b = memory.allocate(new Spec(whole, dtype).bytes());
        Memory.Slab c = memory.allocate(64 * Float.BYTES)) {
      for (long i = 0; i < whole.numel(); i++) {
        Elements.setLong(a.segment(), dtype, i, dtype == DType.BOOL ? i % 2 : i % 100);
      }
      Strided view = view(Strided.contiguous(whole), random);
      Operand from = new Operand(a.segment(), dtype, view);
      // The target is permuted as well, in a buffer of its own.
      List<Integer> order = order(rank, random);
      Strided target =
          Strided.contiguous(Strided.contiguous(view.shape()).permute(order).shape())
              .permute(inverse(order));
      Operand to = new Operand(b.segment(), dtype, target);
      new StridedCopy(workers, from, to).run();
      Reader reader = new Reader(from);
      long register = c.segment().address();
      long chunk = 0;
      for (long i = 0; i < view.shape().numel(); i++) {
        double x = Elements.get(a.segment(), dtype, position(view, i));
        assertThat(Elements.get(b.segment(), dtype, position(target, i))).isEqualTo(x);
        assertThat(reader.position(i)).isEqualTo(position(view, i));
        if (i % 64 == 0) {
          int n = (int) Math.min(64, view.shape().numel() - i);
          reader.read(i, n, register);
          chunk = random.nextBoolean() ? register : reader.chunk(i, n, register);
        }
        assertThat(Lanes.get(chunk, (int) (i % 64))).isEqualTo((float) x);
      }
    }
  }

  private static Strided view(Strided s, Random random) {
    Strided v = s;
    for (int axis = 0; axis < s.shape().rank(); axis++) {
      int length = 1 + random.nextInt(s.shape().dim(axis));
      v = v.slice(axis, random.nextInt(s.shape().dim(axis) - length + 1), length);
      if (length == 1 && random.nextBoolean()) {
        v = v.expand(v.shape().with(axis, s.shape().dim(axis)));
      }
    }
    return v.permute(order(s.shape().rank(), random));
  }

  private static List<Integer> order(int rank, Random random) {
    List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    if (random.nextBoolean()) {
      Collections.shuffle(axes, random);
    }
    return axes;
  }

  private static List<Integer> inverse(List<Integer> order) {
    return IntStream.range(0, order.size()).map(order::indexOf).boxed().toList();
  }

  private static long position(Strided s, long index) {
    long at = s.offset();
    long left = index;
    for (int axis = s.shape().rank() - 1; axis >= 0; axis--) {
      at += left % s.shape().dim(axis) * s.strides().get(axis);
      left /= s.shape().dim(axis);
    }
    return at;
  }
}
