package org.jdit.dit.model;

import java.util.Map;
import org.jdit.diffusion.Denoiser;
import org.jdit.nn.Embedding;
import org.jdit.nn.StateDict;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.program.Program;

/**
 * The Diffusion Transformer: predicts the noise in latents (and the variance of the step back) from
 * the latents, the time and the class.
 *
 * @param config its sizes
 * @param weights scope of its weights, named as in the official checkpoints
 */
public record DiT(DiTConfig config, Weights weights) {
  /** The names and shapes of a network's weights, in the official order. */
  public static StateDict stateDict(DiTConfig config) {
    return StateDict.of(
        Program.trace(
            t -> {
              Tensor x = t.input("x", input(config, 1));
              Tensor features = t.input("t", TimestepFeatures.spec(1));
              Tensor y = t.input("y", Spec.i64(1));
              new DiT(config, Weights.params(t)).forward(x, features, y);
            }));
  }

  /** Spec of {@code n} latents, {@code [n, C, H, W]}. */
  public static Spec input(DiTConfig config, int n) {
    return Spec.f32(n, config.inChannels(), config.inputSize(), config.inputSize());
  }

  /** As {@link #forward(Tensor, Tensor, Tensor, Taps)}, with nobody listening. */
  public Tensor forward(Tensor x, Tensor t, Tensor y) {
    return forward(x, t, y, Taps.NONE);
  }

  /**
   * Predicts noise and, if the network learns it, variance.
   *
   * @param x noisy latents {@code [N, C, H, W]}
   * @param t features of their times {@code [N, 256]}, see {@link TimestepFeatures}
   * @param y their class labels {@code [N]}, I64
   * @param taps receives inner values: {@code x_embedder} (before the position table is added),
   *     {@code t_embedder}, {@code y_embedder}, {@code blocks.i}, {@code
   *     blocks.i.{norm1,attn.qkv,attn,norm2,mlp.fc1,mlp.act,mlp,adaLN_modulation}}, {@code
   *     final_layer}
   * @return {@code [N, 2·C, H, W]}, or {@code [N, C, H, W]} without variance
   */
  public Tensor forward(Tensor x, Tensor t, Tensor y, Taps taps) {
    Tensor position = weights.get("pos_embed", 1, config.tokens(), config.hiddenSize());
    Tensor patches = PatchEmbed.of(weights.at("x_embedder"), config).apply(x);
    taps.tap("x_embedder", () -> patches);
    Tensor time = TimestepEmbedder.of(weights.at("t_embedder"), config).apply(t);
    taps.tap("t_embedder", () -> time);
    Tensor label =
        Embedding.of(
                weights.at("y_embedder").at("embedding_table"),
                config.labelRows(),
                config.hiddenSize())
            .apply(y);
    taps.tap("y_embedder", () -> label);

    // Every adaLN map starts with SiLU of the same condition.
    Tensor condition = time.add(label).silu();
    Tensor tokens = blocks(patches.add(position), condition, taps.at("blocks"));
    Tensor decoded = FinalLayer.of(weights.at("final_layer"), config).apply(tokens, condition);
    taps.tap("final_layer", () -> decoded);
    return PatchEmbed.unpatchify(decoded, config.patchSize(), config.grid());
  }

  private Tensor blocks(Tensor tokens, Tensor condition, Taps taps) {
    Program block = DiTBlock.program(config, tokens.dim(0), taps.listening());
    Tensor x = tokens;
    for (int i = 0; i < config.depth(); i++) {
      Map<String, Tensor> out =
          weights.at("blocks").at(i).call(block, Map.of("x", x, "c", condition));
      Taps inner = taps.at(Integer.toString(i));
      out.forEach(
          (name, value) -> {
            if (!name.equals("x")) {
              inner.tap(name, () -> value);
            }
          });
      Tensor result = out.get("x");
      taps.tap(Integer.toString(i), () -> result);
      x = result;
    }
    return x;
  }

  /**
   * This network as diffusion sees it; its timesteps are features {@code [N, 256]}.
   *
   * @param y class labels {@code [N]}
   */
  public Denoiser denoiser(Tensor y) {
    return (x, t) -> forward(x, t, y);
  }

  /**
   * The same for two halves of rows that share their times, as guidance needs them: takes {@code
   * [2N, C, H, W]} and features {@code [N, 256]}.
   *
   * @param y class labels {@code [2N]}: the classes wanted, then N times the null class
   */
  public Denoiser pairDenoiser(Tensor y) {
    return (x, t) -> forward(x, Tensor.concat(0, t, t), y);
  }
}
