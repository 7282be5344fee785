package org.jdit.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Test;

/** Layers ask for torch's keys and compute what they say, here against their definitions. */
class LayersTest {
  /** The reference backend computes in double and rounds results to float once. */
  private static final Tolerance ROUNDED = Tolerance.relToMax(1e-6);

  private final TorchGenerator random = new TorchGenerator(7);

  /** A scope of concrete weights, drawn when first asked for. */
  private Weights drawn(TensorScope scope, Map<String, Tensor> weights) {
    return Weights.of(
        (key, spec) ->
            weights.computeIfAbsent(
                key, k -> scope.of(spec.shape(), random.randn((int) spec.shape().numel()))));
  }

  @Test
  void attentionIsSoftmaxOfEachHeadsScores() {
    int tokens = 3;
    int dim = 4;
    int headDim = 2;
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Map<String, Tensor> w = new LinkedHashMap<>();
      Attention attention = Attention.of(drawn(scope, w), dim, 2);
      assertThat(w.keySet()).containsExactly("qkv.weight", "qkv.bias", "proj.weight", "proj.bias");
      Tensor x = scope.of(Shape.of(1, tokens, dim), random.randn(tokens * dim));
      double[] qkv = attention.qkv().apply(x).toDoubles();

      double[] joined = new double[tokens * dim];
      for (int head = 0; head < 2; head++) {
        for (int i = 0; i < tokens; i++) {
          double sum = 0;
          double[] mixed = new double[headDim];
          for (int j = 0; j < tokens; j++) {
            double score = 0;
            for (int d = 0; d < headDim; d++) {
              int channel = head * headDim + d;
              score += qkv[i * 3 * dim + channel] * qkv[j * 3 * dim + dim + channel];
            }
            double e = Math.exp(score / Math.sqrt(headDim));
            sum += e;
            for (int d = 0; d < headDim; d++) {
              mixed[d] += e * qkv[j * 3 * dim + 2 * dim + head * headDim + d];
            }
          }
          for (int d = 0; d < headDim; d++) {
            joined[i * dim + head * headDim + d] = mixed[d] / sum;
          }
        }
      }
      Tensor expected = attention.proj().apply(scope.of(x.spec(), joined));
      ROUNDED.assertClose("attention", attention.apply(x, Taps.NONE), expected);
    }
  }

  @Test
  void modulationScalesAndShiftsWhatIsNormalised() {
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Tensor x = scope.of(Shape.of(2, 3, 8), random.randn(48));
      Tensor shift = scope.of(Shape.of(2, 8), random.randn(16));
      Tensor scale = scope.of(Shape.of(2, 8), random.randn(16));
      LayerNorm norm = new LayerNorm(1e-6);
      Tensor expected = norm.apply(x).mul(scale.unsqueeze(1).add(1)).add(shift.unsqueeze(1));
      ROUNDED.assertClose("modulated", norm.modulated(x, shift, scale), expected);
    }
  }

  @Test
  void rmsNormHasAMeanSquareOfOneBeforeItsWeight() {
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Map<String, Tensor> w = new LinkedHashMap<>();
      RmsNorm norm = RmsNorm.of(drawn(scope, w).at("norm"), 8, 0);
      assertThat(w.keySet()).containsExactly("norm.weight");
      Tensor x = scope.of(Shape.of(2, 3, 8), random.randn(48));
      Tensor ones = scope.of(Shape.of(2, 3), new float[] {1, 1, 1, 1, 1, 1});
      Tensor normed = norm.apply(x).div(w.get("norm.weight"));
      ROUNDED.assertClose("mean square", normed.square().mean(-1), ones);
    }
  }

  @Test
  void groupNormWithSiluIsBothInTurn() {
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Map<String, Tensor> w = new LinkedHashMap<>();
      GroupNorm norm = GroupNorm.of(drawn(scope, w).at("norm"), 4, 2, 1e-6);
      assertThat(w.keySet()).containsExactly("norm.weight", "norm.bias");
      Tensor x = scope.of(Shape.of(2, 4, 3, 3), random.randn(72));
      ROUNDED.assertClose("silu", norm.applySilu(x), norm.apply(x).silu());
    }
  }

  @Test
  void tapsOfAnMlpShowWhatTheFusedLayerSkips() {
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Map<String, Tensor> w = new LinkedHashMap<>();
      Mlp mlp = Mlp.of(drawn(scope, w).at("blocks").at(3).at("mlp"), 4, 16);
      assertThat(w.keySet())
          .containsExactly(
              "blocks.3.mlp.fc1.weight",
              "blocks.3.mlp.fc1.bias",
              "blocks.3.mlp.fc2.weight",
              "blocks.3.mlp.fc2.bias");
      Tensor x = scope.of(Shape.of(2, 4), random.randn(8));
      Map<String, Tensor> seen = new LinkedHashMap<>();
      Taps taps = (name, value) -> seen.put(name, value.get());
      Tensor y = mlp.apply(x, taps.at("mlp"));
      assertThat(seen.keySet()).containsExactly("mlp.fc1", "mlp.act");
      ROUNDED.assertClose("act", seen.get("mlp.act"), seen.get("mlp.fc1").gelu());
      ROUNDED.assertClose("fc2", y, mlp.fc2().apply(seen.get("mlp.act")));
    }
  }

  /** A block is traced once; each call brings its own weights. */
  @Test
  void aCalledBlockTakesTheWeightsOfItsScope() {
    Program block =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(1, 2));
              t.output("x", Linear.of(Weights.params(t).at("fc"), 2, 2).apply(x));
            });
    Program model =
        Program.trace(
            t -> {
              Weights blocks = Weights.params(t).at("blocks");
              Tensor x = t.input("x", Spec.f32(1, 2));
              for (int i = 0; i < 2; i++) {
                x = blocks.at(i).call(block, Map.of("x", x)).get("x");
              }
              t.output("y", x);
            });
    List<String> keys = new ArrayList<>(StateDict.of(model).shapes().keySet());
    assertThat(keys)
        .containsExactly(
            "blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.1.fc.weight", "blocks.1.fc.bias");
    Map<String, double[]> y =
        ReferenceBackend.evaluate(
            model,
            Map.of(
                "x", new double[] {1, 2},
                "blocks.0.fc.weight", new double[] {0, 1, 1, 0},
                "blocks.0.fc.bias", new double[] {10, 20},
                "blocks.1.fc.weight", new double[] {2, 0, 0, 3},
                "blocks.1.fc.bias", new double[] {0, 1}));
    assertThat(y.get("y")).containsExactly(24, 64);
  }
}
