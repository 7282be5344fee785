package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
  @TempDir Path directory;

  @Test
  void readsWhatTheReferenceImplementationWrote() throws IOException {
    Path path = Resources.file(directory, "official.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Safetensors.open(path)) {
      assertThat(file.source()).isEqualTo(path.toString());
      assertThat(file.metadata()).containsExactly(Map.entry("format", "np"));
      assertThat(file.tensors().keySet())
          .containsExactly("a", "e", "b", "ü\"\\\n", "i", "d", "h", "f", "g", "c");
      assertThat(file.tensors())
          .containsEntry("a", Spec.i64(2))
          .containsEntry("e", new Spec(Shape.SCALAR, DType.F64))
          .containsEntry("d", new Spec(Shape.of(0, 3), DType.F16));
      assertThat(file.map("a", scope).toLongs()).containsExactly(0, 1);
      assertThat(file.map("b", scope).toFloats()).containsExactly(0, 1, 2);
      assertThat(file.map("c", scope).item()).isEqualTo(1);
      assertThat(file.map("d", scope).toFloats()).isEmpty();
      assertThat(file.map("e", scope).item()).isEqualTo(1.5);
      assertThat(file.map("f", scope).toLongs()).containsExactly(0, 1, 2, 3);
      assertThat(file.map("h", scope).toLongs()).containsExactly(0, 1, 2);
      assertThat(file.map("ü\"\\\n", scope).item()).isEqualTo(7);
    }
  }

  @Test
  void writesTheBytesOfTheReferenceImplementationWhateverTheOrderOfTheTensors() throws IOException {
    Path out = directory.resolve("out.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Safetensors.open(Resources.file(directory, "official.safetensors"))) {
      List<TensorEntry> entries = new ArrayList<>();
      file.tensors()
          .forEach((name, _) -> entries.addFirst(TensorEntry.of(name, file.map(name, scope))));
      SafetensorsWriter.write(out, file.metadata(), entries);
    }
    assertThat(out).hasBinaryContent(Resources.bytes("official.safetensors"));
  }

  @ParameterizedTest
  @EnumSource
  void anyElementTypeSurvivesTheRoundTrip(DType dtype) {
    Path out = directory.resolve("out.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor matrix = scope.of(new Spec(Shape.of(2, 3), dtype), 0, 1, 1, 0, 1, 0);
      Tensor scalar = scope.of(new Spec(Shape.SCALAR, dtype), 1);
      Tensor empty = scope.zeros(new Spec(Shape.of(2, 0), dtype));
      SafetensorsWriter.write(
          out,
          Map.of(),
          List.of(
              TensorEntry.of("matrix", matrix),
              TensorEntry.of("scalar", scalar),
              TensorEntry.of("empty", empty)));
      try (TensorFile file = Safetensors.open(out)) {
        assertThat(file.metadata()).isEmpty();
        assertThat(file.tensors())
            .containsEntry("matrix", matrix.spec())
            .containsEntry("scalar", scalar.spec())
            .containsEntry("empty", empty.spec());
        assertThat(file.map("matrix", scope).toDoubles()).isEqualTo(matrix.toDoubles());
        assertThat(file.map("scalar", scope).item()).isEqualTo(1);
        assertThat(file.map("empty", scope).toDoubles()).isEmpty();
      }
    }
  }

  @Test
  void aFileWithoutTensorsIsValid() {
    Path out = directory.resolve("out.safetensors");
    SafetensorsWriter.write(out, Map.of("b", "2", "a", "1"), List.of());
    try (TensorFile file = Safetensors.open(out)) {
      assertThat(file.tensors()).isEmpty();
      assertThat(file.metadata()).containsExactly(Map.entry("a", "1"), Map.entry("b", "2"));
    }
  }

  @Test
  void elementsAreConvertedAndStridedTensorsStoredRowMajor() {
    Path out = directory.resolve("out.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor matrix = scope.of(Shape.of(2, 3), 0f, 1, 2, 3, 4, 5);
      Tensor transposed =
          scope.wrap(
              matrix.concrete().data(),
              DType.F32,
              Strided.contiguous(matrix.shape()).permute(List.of(1, 0)));
      SafetensorsWriter.write(
          out,
          Map.of(),
          List.of(
              new TensorEntry(
                  "half", new Spec(Shape.of(3, 2), DType.BF16), to -> to.accept(transposed))));
      try (TensorFile file = Safetensors.open(out)) {
        assertThat(file.tensors()).containsEntry("half", new Spec(Shape.of(3, 2), DType.BF16));
        assertThat(file.map("half", scope).toFloats()).containsExactly(0, 3, 1, 4, 2, 5);
      }
    }
  }

  @Test
  void tensorsAreAskedForOneAtATimeAndMayComeInPieces() {
    Path out = directory.resolve("out.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor row = scope.of(Shape.of(1, 2), 1f, 2);
      List<TensorScope> opened = new ArrayList<>();
      SafetensorsWriter.write(
          out,
          Map.of(),
          List.of(
              new TensorEntry(
                  "pieces",
                  Spec.f32(3, 2),
                  to -> {
                    for (int i = 0; i < 3; i++) {
                      to.accept(row);
                    }
                  }),
              TensorEntry.lazy(
                  "lazy",
                  Spec.f32(2),
                  inner -> {
                    opened.add(inner);
                    return inner.of(Shape.of(2), 5f, 6);
                  })));
      assertThat(opened).hasSize(1);
      assertThat(opened.getFirst().memory().liveBytes()).isZero();
      try (TensorFile file = Safetensors.open(out)) {
        assertThat(file.map("pieces", scope).toFloats()).containsExactly(1, 2, 1, 2, 1, 2);
        assertThat(file.map("lazy", scope).toFloats()).containsExactly(5, 6);
      }
    }
  }

  @Test
  void aTensorOfAnotherSizeThanDeclaredLeavesNoFile() {
    Path out = directory.resolve("out.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor two = scope.of(Shape.of(2), 1f, 2);
      for (int declared : List.of(1, 3)) {
        List<TensorEntry> entries =
            List.of(new TensorEntry("x", Spec.f32(declared), to -> to.accept(two)));
        assertThatThrownBy(() -> SafetensorsWriter.write(out, Map.of(), entries))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("tensor x is declared as f32[" + declared + "], but 2 elements");
      }
      List<TensorEntry> twice = List.of(TensorEntry.of("x", two), TensorEntry.of("x", two));
      assertThatThrownBy(() -> SafetensorsWriter.write(out, Map.of(), twice))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void numbersLiveAsLongAsTheScopeNotTheFile() throws IOException {
    Path path = Resources.file(directory, "official.safetensors");
    Tensor b;
    try (TensorScope scope = TensorScope.open(new Memory())) {
      try (TensorFile file = Safetensors.open(path)) {
        b = file.map("b", scope);
      }
      assertThat(b.toFloats()).containsExactly(0, 1, 2);
    }
    assertThatThrownBy(b::toFloats).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void mappedNumbersAreReadOnlyAndUnknownNamesRefused() throws IOException {
    Path path = Resources.file(directory, "official.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Safetensors.open(path)) {
      assertThat(file.map("b", scope).concrete().data().isReadOnly()).isTrue();
      assertThatThrownBy(() -> file.map("nobody", scope))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no tensor nobody");
    }
  }

  @Test
  void shardsAreWrittenWithAnIndexAndReadAsOneFile() throws IOException {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        entries.add(TensorEntry.of("t" + i, scope.of(Shape.of(2), i, i + 0.5f)));
      }
      Path index =
          SafetensorsWriter.writeSharded(directory, "model", Map.of("by", "test"), entries, 16);
      assertThat(index).hasFileName("model.safetensors.index.json");
      assertThat(index)
          .hasContent(
              """
              {
                "metadata": {
                  "total_size": 40
                },
                "weight_map": {
                  "t0": "model-00001-of-00003.safetensors",
                  "t1": "model-00001-of-00003.safetensors",
                  "t2": "model-00002-of-00003.safetensors",
                  "t3": "model-00002-of-00003.safetensors",
                  "t4": "model-00003-of-00003.safetensors"
                }
              }
              """);
      for (Path path : List.of(index, directory)) {
        try (TensorFile file = Safetensors.open(path)) {
          assertThat(file.tensors().keySet()).containsExactly("t0", "t1", "t2", "t3", "t4");
          assertThat(file.metadata()).containsExactly(Map.entry("by", "test"));
          assertThat(file.map("t3", scope).toFloats()).containsExactly(3, 3.5f);
          assertThatThrownBy(() -> file.map("t5", scope))
              .isInstanceOf(IllegalArgumentException.class);
        }
      }
    }
  }

  @Test
  void whatFitsInOneShardIsOneFile() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries = List.of(TensorEntry.of("x", scope.of(Shape.of(2), 1f, 2)));
      Path only = SafetensorsWriter.writeSharded(directory, "model", Map.of(), entries, 1);
      assertThat(only).hasFileName("model.safetensors");
      try (TensorFile file = Safetensors.open(directory)) {
        assertThat(file.map("x", scope).toFloats()).containsExactly(1, 2);
      }
    }
  }

  @Test
  void damagedSetsOfShardsAreRefused() throws IOException {
    Path index = directory.resolve("model.safetensors.index.json");
    Resources.file(directory, "official.safetensors");

    Files.writeString(index, "{\"weight_map\": {\"a\": \"official.safetensors\"}}");
    try (TensorFile file = Safetensors.open(index)) {
      assertThat(file.tensors().keySet()).containsExactly("a");
    }
    refused(index, "{\"weight_map\": {\"z\": \"official.safetensors\"}}", "lacks tensor 'z'");
    refused(index, "{\"weight_map\": {\"a\": \"gone.safetensors\"}}", "does not exist");
    refused(index, "{\"weight_map\": {\"a\": \"../x.safetensors\"}}", "outside its directory");
    refused(index, "{\"weight_map\": {\"a\": \"/etc/passwd\"}}", "outside its directory");
    refused(index, "{\"weight_map\": {\"a\": \"\"}}", "outside its directory");
    refused(index, "{\"weight_map\": {\"a\": \"\\u0000\"}}", "impossible file");
    refused(index, "{\"weight_map\": {\"a\": 1}}", "a file name is not a string");
    refused(index, "{\"weight_map\": {}}", "no weight_map");
    refused(index, "{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}", "Duplicate");
    refused(index, "{\"other\": " + "[".repeat(10_000), "depth");
    refused(index, "[]", "not an object");
    refused(index, "", "not an object");
  }

  private static void refused(Path index, String json, String why) throws IOException {
    Files.writeString(index, json);
    assertThatThrownBy(() -> Safetensors.open(index))
        .isInstanceOf(JditException.class)
        .hasMessageContaining(why);
  }

  @Test
  void aDirectoryMustHoldOneModel() throws IOException {
    assertThatThrownBy(() -> Safetensors.open(directory))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("has no file *.safetensors");
    Resources.file(directory, "official.safetensors");
    Files.copy(directory.resolve("official.safetensors"), directory.resolve("b.safetensors"));
    assertThatThrownBy(() -> Safetensors.open(directory))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("several files *.safetensors; name one");
    assertThatThrownBy(() -> Safetensors.open(directory.resolve("nothing")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("does not exist; check the path");
  }
}
