package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loops in machine code are used where they compute what plain Java does, to the bit. */
class VectorLoopTest {
  @TempDir Path folder;
  private Path withVectors;

  @BeforeEach
  void processor() throws IOException {
    withVectors = folder.resolve("cpuinfo");
    Files.writeString(withVectors, "flags\t\t: fpu avx2 avx512f avx512dq\n");
  }

  private static VectorLoop.Loader loader() {
    assumeThat(VectorLoop.find().toOptional()).as("%s", VectorLoop.find()).isPresent();
    return VectorLoop.find().toOptional().orElseThrow();
  }

  @Test
  void aProcessorWithoutTheInstructionsHasNone() throws IOException {
    Path file = folder.resolve("old");
    Files.writeString(file, "flags\t\t: fpu avx512f\n");
    assertThat(LoopCode.search(file, _ -> Optional.empty()))
        .isEqualTo(new Found.Absent<>("the processor has no avx512f and avx512dq", false));
  }

  @Test
  void loopsThatAreRightAreHandedOut() {
    assertThat(LoopCode.search(withVectors, loader())).isInstanceOf(Found.Available.class);
  }

  /** Each of these would be a mistake in one instruction or in the allocation of registers. */
  @Test
  void loopsWithMistakesAreFoundOut() {
    VectorLoop.Loader right = loader();
    assertThat(LoopCode.search(withVectors, _ -> Optional.empty()))
        .isInstanceOf(Found.Absent.class);
    wrong(right, _ -> (_, _, _) -> {});
    wrong(right, loop -> (at, array, steps) -> loop.run(at, array, steps - 1));
    wrong(right, loop -> (at, array, steps) -> loop.run(at, array.clone(), steps));
    wrong(
        right,
        loop ->
            (at, array, steps) -> {
              loop.run(at, array, steps);
              array[16] = Math.nextUp(array[16]);
            });
    for (int i = 0; i < 3; i++) {
      int operand = i;
      wrong(
          right,
          loop ->
              (at, array, steps) -> {
                long[] moved = at.clone();
                moved[operand] += Float.BYTES;
                loop.run(moved, array, steps);
              });
    }
    wrong(
        right,
        loop ->
            (at, array, steps) -> {
              long[] swapped = at.clone();
              swapped[9] = at[10];
              swapped[10] = at[9];
              loop.run(swapped, array, steps);
            });
  }

  private void wrong(VectorLoop.Loader right, UnaryOperator<VectorLoop> mistake) {
    Found<VectorLoop.Loader> found =
        LoopCode.search(withVectors, writer -> right.load(writer).map(mistake));
    assertThat(found).isInstanceOf(Found.Absent.class);
    Found.Absent<VectorLoop.Loader> absent = (Found.Absent<VectorLoop.Loader>) found;
    assertThat(absent.broken()).isTrue();
    assertThat(absent.reason())
        .startsWith("AVX-512 machine code of loops is there but computes what is wrong: element ");
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
    VectorLoop loop = loader.load(x).orElseThrow();
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
}
