package org.jdit.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights are loaded completely or not at all, tensor by tensor, and strange ones are named. */
class StateDictTest {
  /** A file whose every tensor is filled with one value; remembers what was mapped. */
  private record FilledFile(
      Map<String, Spec> tensors, Map<String, Double> values, List<String> mapped)
      implements TensorFile {
    FilledFile() {
      this(new LinkedHashMap<>(), new LinkedHashMap<>(), new ArrayList<>());
    }

    FilledFile with(String key, DType dtype, double value, int... dims) {
      tensors.put(key, new Spec(Shape.of(dims), dtype));
      values.put(key, value);
      return this;
    }

    @Override
    public String source() {
      return "some.pt";
    }

    @Override
    public Map<String, String> metadata() {
      return Map.of();
    }

    @Override
    public Tensor map(String name, TensorScope scope) {
      mapped.add(name);
      Spec spec = tensors.get(name);
      double[] elements = new double[(int) spec.shape().numel()];
      elements[elements.length - 1] = values.get(name);
      return scope.of(spec, elements);
    }

    @Override
    public void close() {}
  }

  private static final Program TWO_LAYERS =
      Program.trace(
          t -> {
            Weights w = Weights.params(t);
            Tensor x = t.input("x", Spec.f32(1, 2));
            t.output("h", Linear.of(w.at("first"), 2, 3).apply(x));
            t.output("y", Linear.of(w.at("last"), 2, 1).apply(x));
          });

  private static final Program FIRST_LAYER =
      Program.trace(
          t ->
              t.output(
                  "h",
                  Linear.of(Weights.params(t).at("first"), 2, 3)
                      .apply(t.input("x", Spec.f32(1, 2)))));

  private static FilledFile complete() {
    return new FilledFile()
        .with("last.bias", DType.F32, 4, 1)
        .with("last.weight", DType.F16, 3, 1, 2)
        .with("first.bias", DType.F64, 2, 3)
        .with("first.weight", DType.BF16, 1, 3, 2);
  }

  @Test
  void keysAndShapesAreTheOnesAskedFor() {
    StateDict model = StateDict.of(TWO_LAYERS);
    assertThat(model.shapes())
        .containsExactly(
            Map.entry("first.weight", Shape.of(3, 2)),
            Map.entry("first.bias", Shape.of(3)),
            Map.entry("last.weight", Shape.of(1, 2)),
            Map.entry("last.bias", Shape.of(1)));
    assertThat(model.parameters()).isEqualTo(12);
  }

  @Test
  void everyElementTypeIsLoadedAndNothingStaysBehind() {
    try (Backend backend = new ReferenceBackend();
        Resident resident = backend.newResident();
        Executable executable = backend.compile(TWO_LAYERS, resident);
        TensorScope scope = TensorScope.open(new Memory())) {
      Memory memory = new Memory();
      assertThat(StateDict.of(TWO_LAYERS).load(complete(), resident, memory)).isEmpty();
      assertThat(memory.liveBytes()).isZero();
      assertThat(resident.missing()).isEmpty();
      Map<String, Tensor> out =
          executable.run(Map.of("x", scope.of(Shape.of(1, 2), 10f, 100f)), scope);
      assertThat(out.get("h").toFloats()).containsExactly(0, 0, 102);
      assertThat(out.get("y").toFloats()).containsExactly(304);
    }
  }

  @Test
  void onlyWhatExecutablesWantIsMapped() {
    try (Backend backend = new ReferenceBackend();
        Resident resident = backend.newResident();
        Executable _ = backend.compile(FIRST_LAYER, resident)) {
      FilledFile file = complete();
      StateDict.of(TWO_LAYERS).load(file, resident, backend.memory());
      assertThat(file.mapped()).containsExactly("first.weight", "first.bias");
    }
  }

  @Test
  void missingUnusedAndDifferentWeightsAreAllNamedAndNothingIsLoaded() {
    FilledFile file =
        complete()
            .with("first.weight", DType.F32, 0, 4, 2)
            .with("last.bias", DType.I64, 0, 1)
            .with("head.scale", DType.F32, 0, 7);
    file.tensors().remove("first.bias");
    try (Backend backend = new ReferenceBackend();
        Resident resident = backend.newResident();
        Executable _ = backend.compile(TWO_LAYERS, resident)) {
      assertThatThrownBy(() -> StateDict.of(TWO_LAYERS).load(file, resident, backend.memory()))
          .isInstanceOf(JditException.class)
          .hasMessage(
              """
              some.pt does not fit the model:
                missing from the file (1):
                  first.bias
                not used by the model (1):
                  head.scale
                different (2):
                  first.weight is [4, 2], the model has [3, 2]
                  last.bias is i64[1], weights are floating-point\
              """);
      assertThat(file.mapped()).isEmpty();
      assertThat(resident.missing()).hasSize(4);
    }
  }

  @Test
  void weightsThatAreNoNumbersAreNamed() {
    FilledFile file =
        complete()
            .with("first.weight", DType.BF16, Double.NaN, 3, 2)
            .with("last.weight", DType.F16, 1e6, 1, 2)
            .with("last.bias", DType.F32, Double.NEGATIVE_INFINITY, 1);
    try (Backend backend = new ReferenceBackend();
        Resident resident = backend.newResident();
        Executable _ = backend.compile(TWO_LAYERS, resident)) {
      assertThat(StateDict.of(TWO_LAYERS).load(file, resident, backend.memory()))
          .containsExactly("first.weight", "last.weight", "last.bias");
    }
  }

  /** The check reads blocks of elements; a stray NaN is found wherever it lies in a block. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16"})
  void oneNanAmongManyWeightsIsFound(DType type) {
    double most = type == DType.F16 ? 65504 : 0x1.fep127;
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (int at : new int[] {0, 4095, 4096, 9999}) {
        Spec spec = new Spec(Shape.of(100, 100), type);
        double[] elements = new double[10_000];
        elements[17] = -most;
        assertThat(Finite.all(scope.of(spec, elements))).isTrue();
        elements[at] = Double.NaN;
        Tensor t = scope.of(spec, elements);
        assertThat(Finite.all(t)).as("at %d", at).isFalse();
        assertThat(Finite.all(t.t())).as("a view, at %d", at).isFalse();
      }
    }
  }
}
