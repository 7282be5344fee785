package org.jdit.weights.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.io.ZipDirectory;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchWriterTest {
  @Test
  void everyTypeAndShapeReadsBack(@TempDir Path directory) {
    Path path = directory.resolve("all.pt");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries = new ArrayList<>();
      for (DType dtype : DType.values()) {
        Tensor t = scope.of(new Spec(Shape.of(2, 1, 3), dtype), 0, 1, 0, 1, 1, 0);
        entries.add(TensorEntry.of("x." + dtype, t));
      }
      entries.add(TensorEntry.of("scalar", scope.of(Shape.SCALAR, 3.25f)));
      entries.add(TensorEntry.of("empty", scope.zeros(Spec.f32(0, 4))));
      entries.add(TensorEntry.of("view", scope.of(Shape.of(2, 2), 1f, 2f, 3f, 4f).t()));
      TorchWriter.write(path, Map.of("source", "here"), entries);
      try (TorchFile file = TorchFile.open(path)) {
        assertThat(file.layout()).isEqualTo(TorchFile.Layout.ZIP);
        assertThat(file.metadata()).containsExactly(Map.entry("source", "here"));
        TensorFile read = file.tensors((Dict) file.root());
        assertThat(read.tensors().keySet())
            .containsExactlyElementsOf(entries.stream().map(TensorEntry::name).toList());
        for (TensorEntry e : entries) {
          assertThat(read.tensors().get(e.name())).isEqualTo(e.spec());
        }
        for (DType dtype : DType.values()) {
          assertThat(read.map("x." + dtype, scope).toLongs()).containsExactly(0, 1, 0, 1, 1, 0);
        }
        assertThat(read.map("scalar", scope).item()).isEqualTo(3.25);
        assertThat(read.map("view", scope).toFloats()).containsExactly(1, 3, 2, 4);
      }
    }
  }

  @Test
  void fileHasTheEntriesThatTorchLooksFor(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("one.pt");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TorchWriter.write(
          path, Map.of(), List.of(TensorEntry.of("w", scope.of(Shape.of(2), 1f, 2f))));
    }
    try (ZipDirectory zip = ZipDirectory.open(path)) {
      assertThat(zip.entries().keySet())
          .containsExactly(
              "archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/version");
      assertThat(zip.entries().values())
          .allSatisfy(
              e -> {
                assertThat(e.method()).isEqualTo(ZipDirectory.Method.STORED);
                assertThat(e.offset() % 64).isZero();
              });
      try (var order = zip.stream(zip.entries().get("archive/byteorder"))) {
        assertThat(new String(order.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("little");
      }
    }
    byte[] first = Files.readAllBytes(path);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TorchWriter.write(
          path, Map.of(), List.of(TensorEntry.of("w", scope.of(Shape.of(2), 1f, 2f))));
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(first);
  }

  @Test
  void stateDictsAreTheSameBytesInEveryVersion(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("two.pt");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TensorEntry w = TensorEntry.of("w", scope.of(Shape.of(2, 1), 1f, 2f));
      TensorEntry n = TensorEntry.of("n", scope.of(Shape.SCALAR, 7L));
      TorchWriter.write(path, Map.of("source", "here"), List.of(w, n));
    }
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(path));
    assertThat(HexFormat.of().formatHex(digest))
        .isEqualTo("51171d88721340af6fc2047e0f850fac07c82d81b93709b148f07b22ac9fedc6");
  }
}
