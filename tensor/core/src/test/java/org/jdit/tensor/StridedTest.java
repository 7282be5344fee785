package org.jdit.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Layouts against the positions that their elements must have, over random chains of views. */
class StridedTest {
  private static final int[][] SHAPES = {
    {},
    {1},
    {5},
    {2, 3},
    {1, 4},
    {4, 1},
    {2, 3, 4},
    {3, 1, 2},
    {1, 1, 6},
    {2, 2, 3, 2},
    {0, 3},
    {2, 0}
  };

  @Test
  void viewsPointAtTheRightElements() {
    Random random = new Random(1);
    for (int round = 0; round < 5000; round++) {
      Strided s = Strided.contiguous(Shape.of(SHAPES[random.nextInt(SHAPES.length)]));
      for (int step = 0; step < 4; step++) {
        Strided before = s;
        List<Long> old = positions(before);
        int rank = s.shape().rank();
        switch (random.nextInt(3)) {
          case 0 -> {
            List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
            Collections.shuffle(axes, random);
            s = s.permute(axes);
            check(
                s,
                at -> {
                  int[] from = new int[rank];
                  IntStream.range(0, rank).forEach(i -> from[axes.get(i)] = at[i]);
                  return old.get(flat(before.shape(), from));
                });
          }
          case 1 -> {
            if (rank > 0) {
              int axis = random.nextInt(rank);
              int start = random.nextInt(s.shape().dim(axis) + 1);
              s = s.slice(axis, start, random.nextInt(s.shape().dim(axis) - start + 1));
              check(
                  s,
                  at -> {
                    int[] from = at.clone();
                    from[axis] += start;
                    return old.get(flat(before.shape(), from));
                  });
            }
          }
          default -> {
            List<Integer> to = new ArrayList<>(s.shape().dims());
            to.replaceAll(d -> d == 1 ? 1 + random.nextInt(3) : d);
            if (random.nextBoolean()) {
              to.addFirst(1 + random.nextInt(2));
            }
            s = s.expand(new Shape(to));
            check(
                s,
                at -> {
                  int[] from = new int[rank];
                  for (int i = 0; i < rank; i++) {
                    int index = at[at.length - rank + i];
                    from[i] = before.shape().dim(i) == 1 ? 0 : index;
                  }
                  return old.get(flat(before.shape(), from));
                });
          }
        }
        checkReshape(s, random);
      }
    }
  }

  /** A reshaped view has the same elements in the same order, and exists where one can. */
  private static void checkReshape(Strided s, Random random) {
    Shape to = regrouped(s.shape(), random);
    Optional<Strided> view = s.reshape(to);
    List<Long> wanted = positions(s);
    view.ifPresent(
        v -> {
          assertThat(v.shape()).isEqualTo(to);
          assertThat(positions(v)).as("%s as %s", s, to).isEqualTo(wanted);
        });
    assertThat(view.isPresent()).as("%s as %s", s, to).isEqualTo(possible(to, wanted));
    assertThat(s.isContiguous()).as("%s", s).isEqualTo(gapless(wanted));
    assertThat(s.end()).isEqualTo(wanted.stream().mapToLong(p -> p + 1).max().orElse(0));
  }

  /** Whether strides for {@code to} can give these positions: each axis' stride is forced. */
  private static boolean possible(Shape to, List<Long> positions) {
    if (positions.isEmpty()) {
      return true;
    }
    long[] strides = new long[to.rank()];
    int step = 1;
    for (int i = to.rank() - 1; i >= 0; i--) {
      strides[i] = to.dim(i) == 1 ? 0 : positions.get(step) - positions.getFirst();
      step *= to.dim(i);
    }
    List<Long> built = new ArrayList<>();
    forEach(
        to,
        at -> {
          long p = positions.getFirst();
          for (int i = 0; i < at.length; i++) {
            p += at[i] * strides[i];
          }
          built.add(p);
        });
    return built.equals(positions);
  }

  private static boolean gapless(List<Long> positions) {
    return IntStream.range(0, positions.size())
        .allMatch(i -> positions.get(i) == positions.getFirst() + i);
  }

  /** Another shape with as many elements: factors merged and split, ones put in. */
  private static Shape regrouped(Shape s, Random random) {
    if (s.numel() == 0) {
      return Shape.of(3, 0);
    }
    List<Integer> d = new ArrayList<>();
    int pending = 1;
    for (int dim : s.dims()) {
      for (int rest = dim, f = 2; rest > 1; f++) {
        for (; rest % f == 0; rest /= f) {
          pending *= f;
          if (random.nextBoolean()) {
            d.add(pending);
            pending = 1;
          }
        }
      }
      if (random.nextInt(3) == 0) {
        d.add(pending);
        pending = 1;
      }
    }
    if (pending > 1) {
      d.add(pending);
    }
    return new Shape(d);
  }

  @FunctionalInterface
  private interface PositionAt {
    long at(int[] index);
  }

  private static void check(Strided s, PositionAt expected) {
    List<Long> wanted = new ArrayList<>();
    forEach(s.shape(), at -> wanted.add(expected.at(at)));
    assertThat(positions(s)).as("%s", s).isEqualTo(wanted);
  }

  private static List<Long> positions(Strided s) {
    List<Long> all = new ArrayList<>();
    forEach(
        s.shape(),
        at -> {
          long p = s.offset();
          for (int i = 0; i < at.length; i++) {
            p += at[i] * s.strides().get(i);
          }
          all.add(p);
        });
    return all;
  }

  private static void forEach(Shape shape, Consumer<int[]> visit) {
    int[] at = new int[shape.rank()];
    for (long n = shape.numel(); n > 0; n--) {
      visit.accept(at.clone());
      for (int axis = at.length - 1; axis >= 0 && ++at[axis] == shape.dim(axis); axis--) {
        at[axis] = 0;
      }
    }
  }

  private static int flat(Shape shape, int[] at) {
    int i = 0;
    for (int axis = 0; axis < at.length; axis++) {
      i = i * shape.dim(axis) + at[axis];
    }
    return i;
  }
}
