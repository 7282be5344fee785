package org.jdit.dit.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.loss.TrainingLosses;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.TimestepFeatures;
import org.jdit.nn.Weights;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.Ema;
import org.jdit.nn.optim.GradientClipping;
import org.jdit.nn.optim.ParameterVector;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.program.Trace;

/**
 * A training step as Programs: loss, gradient, AdamW and moving average. Weights, moments and
 * average are STATE, each a {@link ParameterVector}; the position table is not trained and is a
 * PARAM. A step whose gradient is not finite leaves the state as it is.
 *
 * @param config the network
 * @param diffusion what it learns
 * @param recipe how
 * @param n images in a portion of a batch
 */
public record TrainStep(DiTConfig config, GaussianDiffusion diffusion, Recipe recipe, int n) {
  /** The weights as they are trained. */
  public static final String PARAMETERS = "parameters";

  /** The first moments. */
  public static final String EXP_AVG = "exp_avg";

  /** The second moments. */
  public static final String EXP_AVG_SQ = "exp_avg_sq";

  /** The moving average of the weights. */
  public static final String EMA = "ema";

  /** The sum of the gradients of the batch's portions so far, if there are several. */
  public static final String GRADIENTS = "gradients";

  /** The PARAM that is not trained. */
  public static final String POSITIONS = "pos_embed";

  static final String X_START = "x_start";
  static final String TIME = "t";
  static final String LABELS = "y";
  static final String COEFFICIENTS = "c";
  static final String NOISE = "noise";
  static final String LOSS_WEIGHTS = "loss_weights";
  static final String ADAMW_FACTORS = "adamw_factors";
  static final String EMA_FACTORS = "ema_factors";

  static final String LOSS = "loss";
  static final String MSE = "mse";
  static final String VB = "vb";
  static final String GRADIENT_NORM = "grad_norm";
  static final String FINITE = "finite";
  static final String MEAN = "mean";

  private static final String GRADIENT = "grad.";

  /** The trained parameters, in the order of torch's named_parameters. */
  public static ParameterVector parameters(DiTConfig config) {
    Map<String, Shape> shapes = new LinkedHashMap<>(DiT.stateDict(config).shapes());
    shapes.remove(POSITIONS);
    return new ParameterVector(shapes);
  }

  /** The trained parameters. */
  public ParameterVector parameters() {
    return parameters(config);
  }

  /** The state that a training consists of. */
  public List<String> state() {
    List<String> names = new ArrayList<>(List.of(PARAMETERS, EXP_AVG, EXP_AVG_SQ, EMA));
    if (recipe.accumulate() > 1) {
      names.add(GRADIENTS);
    }
    return names;
  }

  /** Each image's loss under the weights or their average, {@code vector}. */
  public Program evaluation(String vector) {
    return Program.trace(
        t -> {
          Program losses = losses();
          Map<String, Tensor> weights = parameters().split(t.state(vector, parameters().spec()));
          List<Tensor> results = losses.call(i -> operand(t, losses, i, weights));
          t.output(LOSS, results.get(1));
        });
  }

  /** The weighted mean loss, first, and each image's losses; the weights are PARAM. */
  private Program losses() {
    return Program.trace(
        t -> {
          TrainingLosses terms =
              TrainingLosses.of(
                  diffusion,
                  new DiT(config, Weights.params(t)).denoiser(t.input(LABELS, Spec.i64(n))),
                  t.input(X_START, DiT.input(config, n)),
                  t.input(TIME, TimestepFeatures.spec(n)),
                  new Coefficients(t.input(COEFFICIENTS, Coefficients.spec(n))),
                  t.input(NOISE, DiT.input(config, n)));
          t.output(MEAN, terms.loss().mul(t.input(LOSS_WEIGHTS, Spec.f32(n))).mean());
          t.output(LOSS, terms.loss());
          terms.mse().ifPresent(mse -> t.output(MSE, mse));
          terms.vb().ifPresent(vb -> t.output(VB, vb));
        });
  }

  /**
   * The losses of each image and, as {@code "grad.<name>"}, the gradient of their weighted mean by
   * every parameter; all weights are PARAM.
   */
  public Program gradients() {
    return Autodiff.valueAndGrad(losses(), parameters().shapes().keySet(), recipe.innerValues());
  }

  /** A whole step; with several portions, what the last one does. */
  public Program update() {
    return Program.trace(
        t -> {
          ParameterVector p = parameters();
          AdamW.State before =
              new AdamW.State(
                  t.state(PARAMETERS, p.spec()),
                  t.state(EXP_AVG, p.spec()),
                  t.state(EXP_AVG_SQ, p.spec()));
          Tensor gradient = gradient(t, before.parameters());
          if (recipe.accumulate() > 1) {
            Tensor sum = t.state(GRADIENTS, p.spec());
            gradient = sum.add(gradient).div(recipe.accumulate());
            t.update(GRADIENTS, sum.fill(sum.shape(), 0));
          }
          Tensor norm = gateOnNorm(t, gradient);
          Tensor clipped =
              recipe.clipping().isPresent()
                  ? recipe.clipping().get().apply(gradient, norm)
                  : gradient;
          AdamW.State after =
              recipe.adamw().step(before, clipped, t.input(ADAMW_FACTORS, AdamW.factorsSpec()));
          t.update(PARAMETERS, after.parameters());
          t.update(EXP_AVG, after.expAvg());
          t.update(EXP_AVG_SQ, after.expAvgSq());
          t.update(
              EMA,
              Ema.step(
                  t.state(EMA, p.spec()),
                  after.parameters(),
                  t.input(EMA_FACTORS, Ema.factorsSpec())));
        });
  }

  /** What each portion of a batch but the last does: it adds up gradients. */
  public Program accumulate() {
    return Program.trace(
        t -> {
          Tensor gradient = gradient(t, t.state(PARAMETERS, parameters().spec()));
          gateOnNorm(t, gradient);
          t.update(GRADIENTS, t.state(GRADIENTS, gradient.spec()).add(gradient));
        });
  }

  /** Records the losses, which become outputs, and their gradient as one vector. */
  private Tensor gradient(Trace t, Tensor vector) {
    ParameterVector p = parameters();
    Map<String, Tensor> weights = p.split(vector);
    Program gradients = gradients();
    List<Tensor> results = gradients.call(i -> operand(t, gradients, i, weights));
    Map<String, Tensor> byName = new LinkedHashMap<>();
    for (int i = 0; i < results.size(); i++) {
      String name = gradients.outputs().get(i).name();
      byName.put(name, results.get(i));
      if (!name.equals(MEAN) && !name.startsWith(GRADIENT)) {
        t.output(name, results.get(i));
      }
    }
    return p.join(name -> byName.get(GRADIENT + name));
  }

  private static Tensor operand(Trace t, Program p, Input i, Map<String, Tensor> weights) {
    Tensor trained = i.role() == Role.PARAM ? weights.get(i.name()) : null;
    return trained == null ? t.declare(i.name(), i.role(), p.spec(i.id())) : trained;
  }

  private static Tensor gateOnNorm(Trace t, Tensor gradient) {
    Tensor norm = GradientClipping.norm(gradient);
    Tensor finite = norm.lt(norm.fill(norm.shape(), Double.POSITIVE_INFINITY));
    t.output(GRADIENT_NORM, norm);
    t.output(FINITE, finite);
    t.commitWhen(finite);
    return norm;
  }
}
