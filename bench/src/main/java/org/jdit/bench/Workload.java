package org.jdit.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jdit.diffusion.ClassifierFreeGuidance;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.TimestepFeatures;
import org.jdit.dit.train.Recipe;
import org.jdit.dit.train.TrainStep;
import org.jdit.dit.vae.AutoencoderKl;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.nn.Weights;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.Ema;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.LayerNormModulate;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.program.Trace;

/**
 * A computation to be timed.
 *
 * <p>Kernels have their operands resident in the backend and hand back one row of their result, so
 * that nothing but the kernel takes time. Networks take inputs and give results as in use.
 *
 * @param operation what it is, as the torch side calls it too
 * @param sizes what makes it large or small, by name
 * @param program what is run; its PARAM inputs are a network's weights, STATE inputs other operands
 * @param flops floating-point operations of its matrix products
 * @param bytes size of all operands and results, what is updated counted as both
 */
public record Workload(
    String operation, Map<String, Object> sizes, Program program, double flops, long bytes) {
  private static final double NORM_EPS = 1e-6;

  /** A linear layer, {@code [m, k] → [m, n]}. */
  public static Workload linear(int m, int k, int n) {
    return kernel(
        "linear",
        sizes("m", m, "k", k, "n", n),
        t ->
            operand(t, "x", m, k)
                .linear(t.param("weight", Spec.f32(n, k)), t.param("bias", Spec.f32(n))));
  }

  /** Attention of all heads over {@code tokens} queries and as many keys. */
  public static Workload attention(int batch, int heads, int tokens, int headSize) {
    return kernel(
        "attention",
        sizes("batch", batch, "heads", heads, "tokens", tokens, "head_size", headSize),
        t ->
            operand(t, "q", batch, heads, tokens, headSize)
                .attention(
                    operand(t, "k", batch, heads, tokens, headSize),
                    operand(t, "v", batch, heads, tokens, headSize),
                    1 / Math.sqrt(headSize)));
  }

  /** LayerNorm with adaLN's shift and scale, over {@code [batch, tokens, width]}. */
  public static Workload layerNormModulate(int batch, int tokens, int width) {
    return kernel(
        "layer_norm_modulate",
        sizes("batch", batch, "tokens", tokens, "width", width),
        t ->
            Tensor.apply(
                new LayerNormModulate(NORM_EPS),
                operand(t, "x", batch, tokens, width),
                operand(t, "shift", batch, width),
                operand(t, "scale", batch, width)));
  }

  /** RmsNorm over {@code [batch, tokens, width]}. */
  public static Workload rmsNorm(int batch, int tokens, int width) {
    return kernel(
        "rms_norm",
        sizes("batch", batch, "tokens", tokens, "width", width),
        t -> operand(t, "x", batch, tokens, width).rmsNorm(NORM_EPS, operand(t, "weight", width)));
  }

  /** Gate and residual of a block, over {@code [batch, tokens, width]}. */
  public static Workload gateResidual(int batch, int tokens, int width) {
    return kernel(
        "gate_residual",
        sizes("batch", batch, "tokens", tokens, "width", width),
        t ->
            Tensor.apply(
                new GateResidual(),
                operand(t, "residual", batch, tokens, width),
                operand(t, "gate", batch, width),
                operand(t, "x", batch, tokens, width)));
  }

  /** GELU of {@code [rows, width]}. */
  public static Workload gelu(int rows, int width) {
    return kernel(
        "gelu", sizes("rows", rows, "width", width), t -> operand(t, "x", rows, width).gelu());
  }

  /** SiLU of {@code [rows, width]}. */
  public static Workload silu(int rows, int width) {
    return kernel(
        "silu", sizes("rows", rows, "width", width), t -> operand(t, "x", rows, width).silu());
  }

  /** A step of AdamW and of the moving average, in place, of so many parameters. */
  public static Workload adamw(int parameters) {
    return of(
        "adamw",
        sizes("parameters", parameters),
        Program.trace(
            t -> {
              AdamW.State before =
                  new AdamW.State(
                      operand(t, "parameters", parameters),
                      operand(t, "exp_avg", parameters),
                      operand(t, "exp_avg_sq", parameters));
              Tensor factors = t.input("adamw_factors", AdamW.factorsSpec());
              AdamW.State after =
                  AdamW.OFFICIAL.step(before, operand(t, "gradient", parameters), factors);
              t.update("parameters", after.parameters());
              t.update("exp_avg", after.expAvg());
              t.update("exp_avg_sq", after.expAvgSq());
              Tensor average = operand(t, "ema", parameters);
              Tensor share = t.input("ema_factors", Ema.factorsSpec());
              t.update("ema", Ema.step(average, after.parameters(), share));
            }));
  }

  /** Softmax of each row of {@code [rows, width]}. */
  public static Workload softmax(int rows, int width) {
    return kernel(
        "softmax",
        sizes("rows", rows, "width", width),
        t -> operand(t, "x", rows, width).softmax());
  }

  /** GroupNorm and SiLU of an image {@code [1, channels, side, side]}, in 32 groups. */
  public static Workload groupNormSilu(int channels, int side) {
    return kernel(
        "group_norm_silu",
        sizes("channels", channels, "side", side),
        t ->
            operand(t, "x", 1, channels, side, side)
                .groupNorm(
                    32,
                    NORM_EPS,
                    t.param("weight", Spec.f32(channels)),
                    t.param("bias", Spec.f32(channels)))
                .silu());
  }

  /** One transformer block of a network on so many sequences. */
  public static Workload block(DiTConfig config, int sequences) {
    Program network =
        Program.trace(
            t ->
                t.output(
                    "out",
                    new DiT(config, Weights.params(t))
                        .denoiser(t.input("y", Spec.i64(sequences)))
                        .predict(
                            t.input("x", DiT.input(config, sequences)),
                            t.input("t", TimestepFeatures.spec(sequences)))));
    Program block =
        network.nodes().stream()
            .map(node -> node.op() instanceof Call(Program called) ? called : null)
            .filter(called -> called != null)
            .findFirst()
            .orElseThrow();
    return of("block", sizes("model", config.name(), "batch", sequences), block);
  }

  /** One evaluation of a network under guidance, for so many images: twice as many sequences. */
  public static Workload forward(DiTConfig c, int images) {
    return of(
        "forward",
        network(c, images),
        Program.trace(
            t -> {
              Tensor labels = t.input("y", Spec.i64(2 * images));
              Tensor scale = t.input("scale", new Spec(Shape.SCALAR, DiT.input(c, 1).dtype()));
              DiT model = new DiT(c, Weights.params(t));
              t.output(
                  "out",
                  ClassifierFreeGuidance.OFFICIAL
                      .over(model.denoiser(labels), scale)
                      .predict(
                          t.input("x", DiT.input(c, images)),
                          t.input("t", TimestepFeatures.spec(2 * images))));
            }));
  }

  /** One step of the official training of a network, on a batch of so many images. */
  public static Workload train(DiTConfig c, int images, InnerValues innerValues) {
    return of("train", network(c, images), trainStep(c, images, innerValues).gradients());
  }

  static TrainStep trainStep(DiTConfig c, int images, InnerValues innerValues) {
    return new TrainStep(
        c,
        GaussianDiffusion.create(DiffusionOptions.DEFAULT),
        Recipe.OFFICIAL.with(innerValues),
        images);
  }

  private static Map<String, Object> network(DiTConfig c, int images) {
    return sizes(
        "model", c.name(),
        "images", images,
        "latents", c.inputSize(),
        "patch", c.patchSize(),
        "channels", c.inChannels(),
        "out_channels", c.outChannels(),
        "width", c.hiddenSize(),
        "depth", c.depth(),
        "heads", c.numHeads(),
        "hidden", c.mlpHidden(),
        "labels", c.labelRows());
  }

  /** An autoencoder's decoder on latents of {@code side × side}, for so many images. */
  public static Workload decode(VaeConfig c, int images, int side) {
    return of(
        "decode",
        sizes(
            "images", images,
            "latents", side,
            "latent_channels", c.latentChannels(),
            "out_channels", c.inChannels(),
            "block_channels", c.blockOutChannels(),
            "layers", c.layersPerBlock(),
            "groups", c.normNumGroups()),
        Program.trace(
            t ->
                t.output(
                    "image",
                    new AutoencoderKl(c, Weights.params(t))
                        .decode(
                            t.input(
                                "latents", Spec.f32(images, c.latentChannels(), side, side))))));
  }

  /** Numbers in a network's weights. */
  public long parameters() {
    return program.inputs().stream()
        .filter(i -> i.role() == Role.PARAM)
        .mapToLong(i -> program.spec(i.id()).shape().numel())
        .sum();
  }

  private static Tensor operand(Trace t, String name, int... shape) {
    return t.state(name, Spec.f32(shape));
  }

  private static Workload kernel(
      String operation, Map<String, Object> sizes, Function<Trace, Tensor> kernel) {
    Workload whole = of(operation, sizes, Program.trace(t -> t.output("out", kernel.apply(t))));
    Program timed =
        Program.trace(
            t -> {
              Tensor out = kernel.apply(t);
              t.output("row", out.reshape(-1, out.dim(-1)).slice(0, 0, 1));
            });
    return new Workload(operation, sizes, timed, whole.flops, whole.bytes);
  }

  private static Workload of(String operation, Map<String, Object> sizes, Program program) {
    long bytes =
        program.inputs().stream().mapToLong(i -> program.spec(i.id()).bytes()).sum()
            + program.outputs().stream().mapToLong(o -> program.spec(o.id()).bytes()).sum()
            + program.updates().values().stream().mapToLong(id -> program.spec(id).bytes()).sum();
    return new Workload(operation, sizes, program, Products.flops(program), bytes);
  }

  private static Map<String, Object> sizes(Object... namesAndValues) {
    Map<String, Object> sizes = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      sizes.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return sizes;
  }
}
