package org.jdit.dit.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jdit.nn.StateDict;
import org.jdit.tensor.DType;
import org.jdit.tensor.Int8;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.jdit.weights.Checkpoint;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is said before anything is loaded is what is taken then. */
class MemoryEstimateTest {
  private static final Spec BOTH = Spec.f32(96, 96);

  /** A weight of a layer, one that is read in another way too, a table and a convolution. */
  private static final Program PROGRAM =
      Program.trace(
          t -> {
            Tensor x = t.input("x", Spec.f32(4, 80));
            Tensor h = x.linear(t.param("w", Spec.f32(96, 80)), t.param("b", Spec.f32(96)));
            Tensor both = t.param("both", BOTH);
            t.output("y", h.linear(both, t.param("c", Spec.f32(96))).add(both.sum(0)));
            t.output("rows", t.param("table", Spec.f32(10, 96)).gather(t.input("i", Spec.i64(4))));
            Tensor image = t.input("image", Spec.f32(1, 8, 4, 4));
            Tensor kernel = t.param("kernel", Spec.f32(24, 8, 3, 3));
            t.output("image", image.conv2d(kernel, t.param("d", Spec.f32(24)), 1, 1));
          });

  @TempDir private Path dir;

  @ParameterizedTest
  @EnumSource(Precision.class)
  void weightsTakeWhatWasSaid(Precision precision) throws IOException {
    StateDict weights = StateDict.of(PROGRAM);
    for (DType type : List.of(DType.F64, DType.F32, DType.F16, DType.BF16)) {
      Path path = dir.resolve(type + ".safetensors");
      write(path, weights, type);
      try (Backend backend = Backends.open("cpu", new BackendOptions("", 1, false, precision));
          TensorFile file = Safetensors.open(path);
          Resident resident = backend.newResident();
          Executable _ = backend.compile(PROGRAM, resident)) {
        MemoryEstimate need = MemoryEstimate.of(PROGRAM, backend, file);
        weights.load(file, resident, backend.memory());
        assertThat(need.weights()).isEqualTo(resident.bytes());
        if (precision == Precision.FP32) {
          long each = Math.min(4, type.bytes());
          long twice = each * 96 * 96;
          long saved = (4 - each) * 96 * 80;
          assertThat(need.weights())
              .isEqualTo(MemoryEstimate.of(PROGRAM).weights() + twice - saved);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void weightsInBytesTakeWhatWasSaid(Precision precision) {
    StateDict weights = StateDict.of(PROGRAM);
    Path path = dir.resolve("int8.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries =
          weights.shapes().entrySet().stream()
              .flatMap(e -> inBytes(scope, e.getKey(), e.getValue()))
              .toList();
      SafetensorsWriter.write(path, Map.of(), entries);
    }
    try (Backend backend = Backends.open("cpu", new BackendOptions("", 1, false, precision));
        TensorFile file = Checkpoint.open(path, Checkpoint.Choice.AUTO);
        Resident resident = backend.newResident();
        Executable _ = backend.compile(PROGRAM, resident)) {
      MemoryEstimate need = MemoryEstimate.of(PROGRAM, backend, file);
      weights.load(file, resident, backend.memory());
      assertThat(need.weights()).isEqualTo(resident.bytes());
      if (precision == Precision.FP32) {
        // Three bytes less an element, but a scale for each row; one matrix is there in full too.
        assertThat(need.weights())
            .isEqualTo(MemoryEstimate.of(PROGRAM).weights() - 3 * 96 * 80 + 96 * 96 + 2 * 96 * 4);
      }
    }
  }

  /** Weights of layers as bytes of random sizes with scales, all else as float32. */
  private static Stream<TensorEntry> inBytes(TensorScope scope, String name, Shape shape) {
    if (!List.of("w", "both").contains(name)) {
      return Stream.of(TensorEntry.of(name, random(scope, shape, DType.F32)));
    }
    double[] bytes = new Random(1).ints(shape.numel(), -127, 128).asDoubleStream().toArray();
    float[] scales = new float[shape.dim(0)];
    for (int i = 0; i < scales.length; i++) {
      bytes[i * shape.dim(1)] = Int8.LARGEST;
      scales[i] = Int8.scale(1f / (1 + i));
    }
    return Stream.of(
        TensorEntry.of(name, scope.of(new Spec(shape, DType.I8), bytes)),
        TensorEntry.of(name + ".scale", scope.of(Shape.of(scales.length), scales)));
  }

  private static void write(Path path, StateDict weights, DType type) throws IOException {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries =
          weights.shapes().entrySet().stream()
              .map(e -> TensorEntry.of(e.getKey(), random(scope, e.getValue(), type)))
              .toList();
      SafetensorsWriter.write(path, Map.of(), entries);
    }
  }

  private static Tensor random(TensorScope scope, Shape shape, DType type) {
    double[] x = new Random(1).doubles(shape.numel(), -1, 1).toArray();
    return scope.of(new Spec(shape, type), x);
  }
}
