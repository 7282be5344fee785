package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipFile;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NpzTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "f2, F16",
    "f4, F32",
    "f8, F64",
    "i1, I8",
    "i2, I16",
    "i4, I32",
    "i8, I64",
    "u1, U8",
    "b1, BOOL"
  })
  void readsEveryElementTypeOfNumPyAndWritesItsBytes(String name, DType dtype) throws IOException {
    Path out = directory.resolve("out.npz");
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Npz.open(Resources.memory(Resources.bytes("numpy.npz")))) {
      Tensor t = file.map(name, scope);
      assertThat(t.spec()).isEqualTo(new Spec(Shape.of(2, 3), dtype));
      double[] expected =
          dtype == DType.BOOL ? new double[] {0, 1, 1, 1, 1, 1} : new double[] {0, 1, 2, 3, 4, 5};
      assertThat(t.toDoubles()).isEqualTo(expected);
      Npz.write(out, List.of(TensorEntry.of(name, t)));
    }
    Path numpy = Resources.file(directory, "numpy.npz");
    assertThat(entry(out, name + ".npy")).isEqualTo(entry(numpy, name + ".npy"));
  }

  private static byte[] entry(Path file, String name) throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile());
        InputStream in = zip.getInputStream(zip.getEntry(name))) {
      return in.readAllBytes();
    }
  }

  @Test
  void readsScalarsEmptyArraysAndFortranOrder() throws IOException {
    Path path = Resources.file(directory, "numpy.npz");
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Npz.open(path)) {
      assertThat(file.source()).isEqualTo(path.toString());
      assertThat(file.metadata()).isEmpty();
      assertThat(file.tensors().keySet())
          .containsExactly(
              "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1", "scalar", "empty", "vector",
              "fortran");
      assertThat(file.map("scalar", scope).shape()).isEqualTo(Shape.SCALAR);
      assertThat(file.map("scalar", scope).item()).isEqualTo(2.5);
      assertThat(file.map("empty", scope).spec()).isEqualTo(new Spec(Shape.of(0, 3), DType.F64));
      assertThat(file.map("vector", scope).toLongs()).containsExactly(0, 1, 2, 3, 4);
      Tensor fortran = file.map("fortran", scope);
      assertThat(fortran.concrete().layout().isContiguous()).isFalse();
      assertThat(fortran.toFloats()).isEqualTo(ramp(24));
      assertThatThrownBy(() -> file.map("nobody", scope))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void inflatesCompressedArrays() {
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Npz.open(Resources.memory(Resources.bytes("numpy_compressed.npz")))) {
      assertThat(file.map("zeros", scope).toFloats()).isEqualTo(new float[10_000]);
      assertThat(file.map("ramp", scope).toFloats()).isEqualTo(ramp(1000));
      assertThat(file.map("fortran", scope).toFloats()).isEqualTo(ramp(24));
    }
  }

  @Test
  void arraysOfManyPiecesAreStreamed() {
    Path out = directory.resolve("out.npz");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor image = scope.of(Shape.of(1, 2, 2), 0f, 255, 128, 1);
      TensorEntry.Content images =
          to -> {
            for (int i = 0; i < 100; i++) {
              to.accept(image);
            }
          };
      Npz.write(
          out,
          List.of(
              new TensorEntry("arr_0", new Spec(Shape.of(100, 2, 2), DType.U8), images),
              TensorEntry.of("arr_1", scope.of(Shape.of(2), 3L, 4L))));
      try (TensorFile file = Npz.open(out)) {
        assertThat(file.tensors().keySet()).containsExactly("arr_0", "arr_1");
        assertThat(file.map("arr_0", scope).toLongs())
            .hasSize(400)
            .startsWith(0, 255, 128, 1, 0)
            .endsWith(255, 128, 1);
        assertThat(file.map("arr_1", scope).toLongs()).containsExactly(3, 4);
      }
    }
  }

  @Test
  void everyTruncationIsRefused() {
    for (String name : List.of("numpy.npz", "numpy_compressed.npz")) {
      byte[] whole = Resources.bytes(name);
      for (int n = 0; n < whole.length; n++) {
        byte[] cut = Arrays.copyOf(whole, n);
        assertThatThrownBy(() -> Npz.open(Resources.memory(cut))).isInstanceOf(JditException.class);
      }
    }
  }

  @Test
  void anEntryThatIsNoArrayIsNamed() throws IOException {
    Path out = directory.resolve("out.npz");
    AtomicFile.write(
        out,
        channel -> {
          ZipWriter zip = new ZipWriter(channel, 1);
          zip.write("notes.txt", 0, _ -> {});
          zip.write("x.npy", 0, _ -> {});
          zip.finish();
        });
    assertThatThrownBy(() -> Npz.open(out))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("in its entry 'x.npy', it is not an array in NumPy's format");
  }

  private static float[] ramp(int n) {
    float[] ramp = new float[n];
    for (int i = 0; i < n; i++) {
      ramp[i] = i;
    }
    return ramp;
  }
}
