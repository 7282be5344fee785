package org.jdit.dit.model;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.weights.PositionTable;

/**
 * Weights to start training from, drawn as the official constructor draws them, so that a seed
 * gives the same network as {@code torch.manual_seed} does there.
 */
public final class DiTInit {
  private static final String POSITIONS = "pos_embed";
  private static final String LABELS = "y_embedder.embedding_table.weight";
  private static final String PATCHES = "x_embedder.proj.weight";

  private DiTInit() {}

  /**
   * Draws the weights of a network.
   *
   * @param random consumed exactly as far as the official constructor does
   * @param scope owns the weights
   * @return float32 tensors by key, in the order of {@link DiT#stateDict}
   */
  public static Map<String, Tensor> official(
      DiTConfig config, TorchGenerator random, TensorScope scope) {
    Map<String, Tensor> weights = new LinkedHashMap<>();
    DiT.stateDict(config)
        .shapes()
        .forEach((key, shape) -> weights.put(key, scope.zeros(new Spec(shape, DType.F32))));
    weights.forEach((key, w) -> drawDefault(key, data(w), random));
    weights.forEach((key, w) -> drawLinear(key, w, random));
    weights.put(
        POSITIONS,
        scope.of(
            weights.get(POSITIONS).spec(),
            PositionTable.sinCos2d(config.hiddenSize(), config.grid())));
    drawXavier(weights.get(PATCHES), random);
    random.fillNormal(data(weights.get(LABELS)), 0, 0.02);
    random.fillNormal(data(weights.get("t_embedder.mlp.0.weight")), 0, 0.02);
    random.fillNormal(data(weights.get("t_embedder.mlp.2.weight")), 0, 0.02);
    // adaLN-Zero: every block starts as the identity, and the network as zero.
    weights.forEach(
        (key, w) -> {
          if (key.contains("adaLN_modulation")
              || key.startsWith("final_layer")
              || key.endsWith("bias")) {
            data(w).fill((byte) 0);
          }
        });
    return weights;
  }

  /**
   * What torch's layers draw when they are made, in the order of their making. All of it is
   * overwritten later; it only moves the generator on.
   */
  private static void drawDefault(String key, MemorySegment data, TorchGenerator random) {
    switch (key) {
      case POSITIONS -> {}
      case LABELS -> random.fillNormal(data, 0, 1);
      default -> random.fillUniform(data, 0, 1);
    }
  }

  private static void drawLinear(String key, Tensor weight, TorchGenerator random) {
    if (weight.shape().rank() == 2 && !key.equals(LABELS)) {
      drawXavier(weight, random);
    }
  }

  /** torch.nn.init.xavier_uniform_ of {@code [out, ...]}, seen as a matrix. */
  private static void drawXavier(Tensor weight, TorchGenerator random) {
    Shape s = weight.shape();
    long fanIn = s.numel() / s.dim(0);
    double bound = Math.sqrt(3) * Math.sqrt(2.0 / (fanIn + s.dim(0)));
    random.fillUniform(data(weight), -bound, bound);
  }

  private static MemorySegment data(Tensor t) {
    return t.concrete().data();
  }
}
