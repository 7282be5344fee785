package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.tensor.DType;
import org.jdit.tensor.Int8;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Converter.Layout;
import org.jdit.weights.Converter.Request;
import org.jdit.weights.Inspector.Inspection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights in int8 are bytes and scales in files, float32 to all who read them. */
class Int8FileTest {
  private static final String QKV = "blocks.0.attn.qkv.weight";

  /** A matrix of two rows, of which one is zero, and its scales, as entries of a file. */
  private static final Spec BYTES = new Spec(Shape.of(2, 3), DType.I8);

  @TempDir private Path directory;

  private Path convert(Path in, String out, DType dtype) {
    Path to = directory.resolve(out);
    Converter.convert(request(in, to, dtype, null));
    return to;
  }

  private static Request request(Path in, Path out, DType dtype, Layout layout) {
    return new Request(
        in,
        out,
        Choice.AUTO,
        Optional.ofNullable(dtype),
        Optional.ofNullable(layout),
        OptionalInt.of(3));
  }

  private Path write(Map<String, Tensor> tensors) {
    Path file = directory.resolve("tensors.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of(),
        tensors.entrySet().stream().map(e -> TensorEntry.of(e.getKey(), e.getValue())).toList());
    return file;
  }

  @ParameterizedTest
  @ValueSource(strings = {"dit_state.pt", "dit_state_bf16.pt", "diffusers/dit"})
  void matricesAreBytesWithScalesAndAllElseIsFloat(String name) {
    Path small = convert(Reference.file(name), "small.safetensors", DType.I8);
    try (TensorFile file = Safetensors.open(small)) {
      assertThat(file.metadata()).containsEntry("quantization", "int8");
      assertThat(file.tensors())
          .containsEntry(QKV, new Spec(Shape.of(144, 48), DType.I8))
          .containsEntry(QKV + ".scale", Spec.f32(144));
      List<String> matrices =
          file.tensors().keySet().stream().filter(n -> n.endsWith(".scale")).toList();
      // Of each block the attention's two, the MLP's two and the modulation; of the embedder of
      // timesteps two, of the last layer two.
      assertThat(matrices).hasSize(2 * 5 + 4);
      file.tensors()
          .forEach(
              (n, spec) ->
                  assertThat(spec.dtype())
                      .as(n)
                      .isEqualTo(matrices.contains(n + ".scale") ? DType.I8 : DType.F32));
      assertThat(file.tensors().get("y_embedder.embedding_table.weight").dtype())
          .isEqualTo(DType.F32);
    }
  }

  @Test
  void noNumberMovesByMoreThanHalfItsScale() {
    Path small = convert(Reference.file("dit_state.pt"), "small.safetensors", DType.I8);
    try (Checkpoint exact = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
        Checkpoint read = Checkpoint.open(small, Choice.AUTO);
        TensorFile file = Safetensors.open(small);
        TensorScope scope = TensorScope.open(new Memory())) {
      assertThat(read.tensors()).containsExactlyInAnyOrderEntriesOf(exact.tensors());
      for (String name : exact.tensors().keySet()) {
        float[] before = exact.map(name, scope).toFloats();
        float[] after = read.map(name, scope).toFloats();
        if (read.narrowest(name) != DType.I8) {
          assertThat(after).as(name).isEqualTo(before);
          continue;
        }
        float[] scales = file.map(name + ".scale", scope).toFloats();
        for (int i = 0; i < before.length; i++) {
          double scale = scales[i / (before.length / scales.length)];
          assertThat(Math.abs((double) after[i] - before[i])).isLessThanOrEqualTo(scale / 2);
        }
      }
    }
  }

  @Test
  void toFloatsAndBackGivesTheSameBytes() {
    Path small = convert(Reference.file("dit_state.pt"), "small.safetensors", DType.I8);
    Path whole = convert(small, "whole.pt", null);
    try (Checkpoint a = Checkpoint.open(small, Choice.AUTO);
        Checkpoint b = Checkpoint.open(whole, Choice.AUTO)) {
      assertThat(b.narrowest(QKV)).isEqualTo(DType.F32);
      assertThat(Comparison.of(a, b).equal()).isTrue();
      assertThat(b.metadata()).doesNotContainKey("quantization");
    }
    for (Path from : List.of(small, whole)) {
      Path again = convert(from, "again.safetensors", DType.I8);
      try (TensorFile a = Safetensors.open(small);
          TensorFile b = Safetensors.open(again);
          TensorScope scope = TensorScope.open(new Memory())) {
        assertThat(b.tensors()).isEqualTo(a.tensors());
        for (String name : a.tensors().keySet()) {
          assertThat(Values.sameBits(a.map(name, scope), b.map(name, scope))).as(name).isTrue();
        }
      }
    }
  }

  @Test
  void anInspectionCountsWeightsAndNotScales() {
    Path in = Reference.file("dit_state.pt");
    Inspection whole = Inspector.inspect(in, Choice.AUTO);
    Inspection small = Inspector.inspect(convert(in, "small.safetensors", DType.I8), Choice.AUTO);
    assertThat(small.parameters()).isEqualTo(whole.parameters());
    assertThat(small.tensors().keySet()).isEqualTo(whole.tensors().keySet());
    assertThat(small.tensors()).containsEntry(QKV, new Spec(Shape.of(144, 48), DType.I8));
    assertThat(small.dit()).isEqualTo(whole.dit());
  }

  @Test
  void scalesOfOthersAreTakenAsTheyAre() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor bytes = scope.of(BYTES, -128, 0, 127, 1, 2, 3);
      Tensor scales = scope.of(Shape.of(2), 0.1f, -3);
      try (Checkpoint c =
          Checkpoint.open(write(Map.of("w", bytes, "w.scale", scales)), Choice.AUTO)) {
        assertThat(c.tensors()).containsOnly(Map.entry("w", Spec.f32(2, 3)));
        assertThat(c.map("w", scope).toFloats())
            .containsExactly(-128 * 0.1f, 0, 127 * 0.1f, -3, -6, -9);
        // A tenth has 24 bits, so the engine would not find the bytes.
        assertThat(c.narrowest("w")).isEqualTo(DType.F32);
      }
      Tensor ours = scope.of(Shape.of(2), Int8.scale(1), Int8.scale(0));
      try (Checkpoint c =
          Checkpoint.open(write(Map.of("w", bytes, "w.scale", ours)), Choice.AUTO)) {
        assertThat(c.narrowest("w")).isEqualTo(DType.I8);
      }
    }
  }

  @Test
  void bytesThatAreNoWeightStayBytes() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor bytes = scope.of(BYTES, 1, 2, 3, 4, 5, 6);
      Tensor other = scope.of(Shape.of(1), 1f);
      Path file = write(Map.of("bytes", bytes, "norm.scale", other));
      try (Checkpoint c = Checkpoint.open(file, Choice.AUTO)) {
        assertThat(c.tensors()).containsEntry("bytes", BYTES).containsKey("norm.scale");
      }
    }
  }

  @Test
  void bytesAndScalesThatDoNotFitAreRefused() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor bytes = scope.of(BYTES, 1, 2, 3, 4, 5, 6);
      Tensor row = scope.of(new Spec(Shape.of(2), DType.I8), 1, 2);
      Tensor scales = scope.of(Shape.of(2), 1f, 1f);
      Tensor long3 = scope.of(Shape.of(3), 1f, 1f, 1f);
      Tensor half = scope.of(new Spec(Shape.of(2), DType.F16), 1, 1);
      for (Map<String, Tensor> tensors :
          List.of(
              Map.of("a.weight", bytes),
              Map.of("a.weight", bytes, "a.weight.scale", long3),
              Map.of("a.weight", bytes, "a.weight.scale", half),
              Map.of("a.weight", row, "a.weight.scale", scales))) {
        refused(write(tensors), "but no f32 scale for each of its rows in a.weight.scale");
      }
      for (Map<String, Tensor> tensors :
          List.of(
              Map.of("a.weight.scale", scales),
              Map.of("a.weight.scale", scales, "a.weight", scales))) {
        refused(
            write(tensors), "has a.weight.scale, but not the weight in int8 that it scales; get");
      }
    }
  }

  private static void refused(Path file, String message) {
    assertThatThrownBy(() -> Checkpoint.open(file, Choice.AUTO))
        .isInstanceOf(JditException.class)
        .hasMessageContaining(message);
  }

  @Test
  void whatCannotBeWrittenInBytesIsRefused() throws IOException {
    Path in = Reference.file("dit_state.pt");
    for (String out : List.of("small.pt", "small", "small.safetensors")) {
      Layout layout = out.endsWith(".safetensors") ? Layout.DIFFUSERS : null;
      Path to = directory.resolve(out);
      assertThatThrownBy(() -> Converter.convert(request(in, to, DType.I8, layout)))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("weights in int8 are written in the official layout to a .safe");
    }
    Path out = directory.resolve("out.safetensors");
    for (String other : List.of("vae.safetensors", "rng_newer.safetensors")) {
      assertThatThrownBy(
              () -> Converter.convert(request(Reference.file(other), out, DType.I8, null)))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("holds no DiT, of which alone the weights are written in int8");
    }
    try (Checkpoint c = Checkpoint.open(in, Choice.AUTO)) {
      Path broken = directory.resolve("broken.safetensors");
      for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, Float.MAX_VALUE}) {
        SafetensorsWriter.write(
            broken,
            Map.of(),
            c.tensors().entrySet().stream()
                .map(e -> entry(c, e.getKey(), e.getValue(), bad))
                .toList());
        assertThatThrownBy(() -> Converter.convert(request(broken, out, DType.I8, null)))
            .isInstanceOf(JditException.class)
            .hasMessage(QKV + " holds values that are NaN, infinite or too large for int8");
      }
      Files.delete(broken);
    }
    assertThat(directory).isEmptyDirectory();
  }

  private static TensorEntry entry(Checkpoint c, String name, Spec spec, float bad) {
    return TensorEntry.lazy(
        name,
        spec,
        scope -> {
          Tensor t = scope.keep(c.map(name, scope));
          if (name.equals(QKV)) {
            t.concrete().data().set(ValueLayout.JAVA_FLOAT, 40, bad);
          }
          return t;
        });
  }

  @Test
  void damagedFilesAreReadOrRefusedWithinTheirSize() throws IOException {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor bytes = scope.of(BYTES, 1, 2, 3, 4, 5, 127);
      Tensor scales = scope.of(Shape.of(2), Int8.scale(1), Int8.scale(2));
      byte[] good =
          Files.readAllBytes(
              write(
                  Map.of(
                      "a.weight", bytes, "a.weight.scale", scales, "b", bytes, "b.scale", scales)));
      int read = Mutations.run(5, 100_000, List.of(good), Int8FileTest::readAll);
      assertThat(read).isBetween(1_000, 90_000);
    }
  }

  /** Opens a file and reads every number in it. */
  private static void readAll(byte[] bytes) {
    try (TensorFile plain = Safetensors.open(Mappable.of("test", MemorySegment.ofArray(bytes)))) {
      TensorFile file = Int8File.of(plain);
      for (String name : file.tensors().keySet()) {
        file.narrowest(name);
        try (TensorScope scope = TensorScope.open(new Memory())) {
          file.map(name, scope).toDoubles();
        }
      }
    }
  }
}
