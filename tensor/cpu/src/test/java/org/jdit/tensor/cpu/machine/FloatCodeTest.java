package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Machine code is used where the processor has what it needs and all of it computes what is right.
 */
class FloatCodeTest {
  @TempDir Path folder;
  private Path withVectors;
  private FloatCode right;

  @BeforeEach
  void processor() throws IOException {
    withVectors = folder.resolve("cpuinfo");
    Files.writeString(withVectors, "flags\t\t: fpu avx2 avx512f avx512dq\n");
    right = new FloatCode(FmaKernelTest::plain, TransposeCodeTest::plain, here().loops());
  }

  /** The code of this machine, which may have none, but none that is wrong. */
  static FloatCode here() {
    if (FloatCode.find() instanceof Found.Absent<FloatCode>(String reason, boolean broken)) {
      assertThat(broken).as(reason).isFalse();
    }
    assumeThat(FloatCode.find().toOptional()).as("%s", FloatCode.find()).isPresent();
    return FloatCode.find().toOptional().orElseThrow();
  }

  @Test
  void codeThatIsRightIsHandedOut() {
    assertThat(FloatCode.search(withVectors, () -> right)).isInstanceOf(Found.Available.class);
  }

  @Test
  void aProcessorWithoutTheInstructionsHasNone() throws IOException {
    Path file = folder.resolve("old");
    Files.writeString(file, "flags\t\t: fpu avx512f\n");
    assertThat(FloatCode.search(file, () -> right))
        .isEqualTo(new Found.Absent<>("the processor has no avx512f and avx512dq", false));
  }

  /** Each of these would be a mistake in one instruction of the kernel. */
  @Test
  void productsWithMistakesAreFoundOut() {
    wrongProducts((height, a, at, b, depth, tile) -> {});
    wrongProducts(
        (height, a, at, b, depth, tile) -> FmaKernelTest.plain(height, a, at - 1, b, depth, tile));
    wrongProducts(
        (height, a, at, b, depth, tile) ->
            FmaKernelTest.plain(height, a, at, b, depth / 2 * 2, tile));
    wrongProducts((height, a, at, b, depth, tile) -> FmaKernelTest.plain(6, a, at, b, depth, tile));
    wrongProducts(
        (height, a, at, b, depth, tile) -> {
          FmaKernelTest.plain(height, a, at, b, depth, tile);
          tile[height * 32 - 1] = Math.nextUp(tile[height * 32 - 1]);
        });
    // Beyond the block.
    wrongProducts(
        (height, a, at, b, depth, tile) -> {
          FmaKernelTest.plain(height, a, at, b, depth, tile);
          tile[height * 32] = 0;
        });
  }

  private void wrongProducts(BlockKernel kernel) {
    assertThat(wrong(new FloatCode(kernel, right.transposes(), right.loops())))
        .contains("of a product of");
  }

  /** Each of these would be a mistake in one instruction of the kernel. */
  @Test
  void transposesWithMistakesAreFoundOut() {
    wrongTransposes((rows, from, row, blocks, into, to, width) -> {});
    wrongTransposes(
        (rows, from, row, blocks, into, to, width) ->
            TransposeCodeTest.plain(12, from, row, blocks, into, to, width));
    wrongTransposes(
        (rows, from, row, blocks, into, to, width) ->
            TransposeCodeTest.plain(rows, from, row, 1, into, to, width));
    wrongTransposes(
        (rows, from, row, blocks, into, to, width) ->
            TransposeCodeTest.plain(rows, from + 4, row, blocks, into, to, width));
    wrongTransposes(
        (rows, from, row, blocks, into, to, width) -> {
          TransposeCodeTest.plain(rows, from, row, blocks, into, to, width);
          into[to - 1] = 0;
        });
    // Beyond the last row, whose store must be cut.
    wrongTransposes(
        (rows, from, row, blocks, into, to, width) -> {
          TransposeCodeTest.plain(rows, from, row, blocks, into, to, width);
          into[to + (16 * blocks - 1) * width + rows] = 0;
        });
  }

  private void wrongTransposes(TransposeKernel kernel) {
    assertThat(wrong(new FloatCode(right.products(), kernel, right.loops())))
        .contains("transposed rows");
  }

  /** Each of these would be a mistake in one instruction or in the allocation of registers. */
  @Test
  void loopsWithMistakesAreFoundOut() {
    wrongLoops((_, _) -> Optional.empty());
    wrongLoop(_ -> (_, _, _) -> {});
    wrongLoop(loop -> (at, array, steps) -> loop.run(at, array, steps - 1));
    wrongLoop(loop -> (at, array, steps) -> loop.run(at, array.clone(), steps));
    wrongLoop(
        loop ->
            (at, array, steps) -> {
              loop.run(at, array, steps);
              array[16] = Math.nextUp(array[16]);
            });
    for (int i = 0; i < 3; i++) {
      int operand = i;
      wrongLoop(
          loop ->
              (at, array, steps) -> {
                long[] moved = at.clone();
                moved[operand] += Float.BYTES;
                loop.run(moved, array, steps);
              });
    }
    wrongLoop(
        loop ->
            (at, array, steps) -> {
              long[] swapped = at.clone();
              swapped[9] = at[10];
              swapped[10] = at[9];
              loop.run(swapped, array, steps);
            });
  }

  private void wrongLoop(UnaryOperator<VectorLoop> mistake) {
    wrongLoops((writer, arena) -> right.loops().load(writer, arena).map(mistake));
  }

  private void wrongLoops(VectorLoop.Loader loops) {
    assertThat(wrong(new FloatCode(right.products(), right.transposes(), loops)))
        .contains("of a loop");
  }

  private String wrong(FloatCode code) {
    Found<FloatCode> found = FloatCode.search(withVectors, () -> code);
    assertThat(found).isInstanceOf(Found.Absent.class);
    Found.Absent<FloatCode> absent = (Found.Absent<FloatCode>) found;
    assertThat(absent.broken()).isTrue();
    assertThat(absent.reason())
        .startsWith("AVX-512 machine code is there but computes what is wrong: ");
    return absent.reason();
  }
}
