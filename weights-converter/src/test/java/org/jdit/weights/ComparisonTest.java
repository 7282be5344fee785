package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Comparison.Compared;
import org.jdit.weights.Comparison.Misshapen;
import org.jdit.weights.Comparison.Missing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {
  @Test
  void everyKindOfDifferenceIsNamed(@TempDir Path directory) {
    Path first = directory.resolve("a.safetensors");
    Path second = directory.resolve("b.safetensors");
    Spec half = new Spec(Shape.of(2), DType.F16);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      SafetensorsWriter.write(
          first,
          Map.of(),
          List.of(
              TensorEntry.of("near", scope.of(Shape.of(2, 2), 1f, 2f, 3f, 4f)),
              TensorEntry.of("types", scope.of(Shape.of(2), 1f, 0.5f)),
              TensorEntry.of("shape", scope.zeros(Spec.f32(2))),
              TensorEntry.of("nan", scope.of(Shape.of(2), Float.NaN, Float.NaN)),
              TensorEntry.of("bothNan", scope.of(Shape.of(1), Float.NaN)),
              TensorEntry.of("infinite", scope.of(Shape.of(1), Float.POSITIVE_INFINITY)),
              TensorEntry.of("onlyA", scope.zeros(Spec.f32(1)))));
      SafetensorsWriter.write(
          second,
          Map.of(),
          List.of(
              TensorEntry.of("near", scope.of(Shape.of(2, 2), 1f, 2f, 3.5f, -5f)),
              TensorEntry.of("types", scope.of(half, 1, 0.5)),
              TensorEntry.of("shape", scope.zeros(Spec.f32(1, 2))),
              TensorEntry.of("nan", scope.of(Shape.of(2), Float.NaN, 1f)),
              TensorEntry.of("bothNan", scope.of(Shape.of(1), Float.NaN)),
              TensorEntry.of("infinite", scope.of(Shape.of(1), Float.POSITIVE_INFINITY)),
              TensorEntry.of("onlyB", scope.zeros(Spec.f32(1)))));
    }
    try (TensorFile a = Safetensors.open(first);
        TensorFile b = Safetensors.open(second)) {
      Comparison c = Comparison.of(a, b);
      assertThat(c.pairs())
          .containsExactlyInAnyOrder(
              new Compared("near", 9, 9 / 5.0, List.of(1, 1)),
              new Compared("types", 0, 0, List.of()),
              new Misshapen("shape", Spec.f32(2), Spec.f32(1, 2)),
              new Compared("nan", Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, List.of(1)),
              new Compared("bothNan", 0, 0, List.of()),
              new Compared("infinite", 0, 0, List.of()),
              new Missing("onlyA", false),
              new Missing("onlyB", true));
      assertThat(c.equal()).isFalse();
      assertThat(c.maxAbs()).isEqualTo(Double.POSITIVE_INFINITY);
      assertThat(Comparison.of(a, a).equal()).isTrue();
    }
  }

  @Test
  void layoutsOfTheSameNetworkCompareEqual() {
    try (Checkpoint a = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
        Checkpoint b = Checkpoint.open(Reference.file("diffusers/dit"), Choice.AUTO)) {
      Comparison c = Comparison.of(a, b);
      assertThat(c.pairs()).hasSize(32);
      assertThat(c.equal()).isTrue();
    }
  }

  @Test
  void viewsCompareByTheirElements() {
    try (Checkpoint zoo = Checkpoint.open(Reference.file("pickle_zoo.pt"), Choice.AUTO);
        Checkpoint legacy = Checkpoint.open(Reference.file("pickle_zoo_legacy.pt"), Choice.AUTO)) {
      assertThat(Comparison.of(zoo, legacy).equal()).isTrue();
    }
  }

  @Test
  void integersAreComparedExactly(@TempDir Path directory) {
    long[][] values = {
      {1L << 53, 7, Long.MIN_VALUE}, {(1L << 53) + 1, 7, Long.MIN_VALUE}, {0, 7, Long.MAX_VALUE}
    };
    Path[] files = new Path[values.length];
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (int i = 0; i < values.length; i++) {
        files[i] = directory.resolve(i + ".npy");
        Npy.write(files[i], scope.of(Shape.of(3), values[i]));
      }
    }
    try (Checkpoint a = Checkpoint.open(files[0], Choice.AUTO);
        Checkpoint b = Checkpoint.open(files[1], Choice.AUTO);
        Checkpoint c = Checkpoint.open(files[2], Choice.AUTO)) {
      // 2^53 + 1 is the first whole number that no double is.
      assertThat(Comparison.of(a, b).equal()).isFalse();
      assertThat(Comparison.of(a, b).maxAbs()).isEqualTo(1);
      // 2^64 - 1, which rounds to 2^64 in both files' orders.
      assertThat(Comparison.of(a, c).maxAbs()).isEqualTo(0x1p64);
      assertThat(Comparison.of(c, a).maxAbs()).isEqualTo(0x1p64);
    }
  }

  @Test
  void arraysWithoutNamesAreComparedWithEachOther(@TempDir Path directory) {
    Path first = directory.resolve("a.npy");
    Path second = directory.resolve("b.npy");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Npy.write(first, scope.of(Shape.of(2), 1f, 2f));
      Npy.write(second, scope.of(Shape.of(2), 1f, 4f));
    }
    try (Checkpoint a = Checkpoint.open(first, Choice.AUTO);
        Checkpoint b = Checkpoint.open(second, Choice.AUTO)) {
      assertThat(Comparison.of(a, b).pairs())
          .containsExactly(new Compared("a", 2, 0.5, List.of(1)));
    }
  }
}
