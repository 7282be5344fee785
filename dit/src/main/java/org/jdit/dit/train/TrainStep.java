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
 * PARAM. A step whose loss or gradient is not finite leaves the state as it is.
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

  /** The Programs that a step runs: one, or {@link #accumulate} and then {@link #apply}. */
  public List<Program> programs() {
    return recipe.accumulate() == 1 ? List.of(update()) : List.of(accumulate(), apply());
  }

  /** A whole step on a batch in one portion. */
  public Program update() {
    return Program.trace(
        t -> {
          Tensor weights = t.state(PARAMETERS, parameters().spec());
          Losses losses = losses(t, weights);
          change(t, weights, losses.gradient(), gateOnNorm(t, losses.gradient(), losses.mean()));
        });
  }

  /** What each portion of a batch does: it adds up gradients. */
  public Program accumulate() {
    return Program.trace(
        t -> {
          Losses losses = losses(t, t.state(PARAMETERS, parameters().spec()));
          gateOnNorm(t, losses.gradient(), losses.mean());
          Tensor sum = t.state(GRADIENTS, parameters().spec());
          t.update(GRADIENTS, sum.add(losses.gradient()));
        });
  }

  /** What follows the portions: the step by the mean of their gradients, without the network. */
  public Program apply() {
    return Program.trace(
        t -> {
          Tensor sum = t.state(GRADIENTS, parameters().spec());
          Tensor gradient = sum.div(recipe.accumulate());
          Tensor zero = sum.fill(Shape.SCALAR, 0);
          Tensor norm = gateOnNorm(t, gradient, zero);
          change(t, t.state(PARAMETERS, parameters().spec()), gradient, norm);
          t.update(GRADIENTS, sum.fill(sum.shape(), 0));
        });
  }

  /** Clipping, AdamW and the moving average. */
  private void change(Trace t, Tensor weights, Tensor gradient, Tensor norm) {
    Spec spec = parameters().spec();
    AdamW.State before =
        new AdamW.State(weights, t.state(EXP_AVG, spec), t.state(EXP_AVG_SQ, spec));
    Tensor clipped = recipe.clipping().map(c -> c.apply(gradient, norm)).orElse(gradient);
    AdamW.State after =
        recipe.adamw().step(before, clipped, t.input(ADAMW_FACTORS, AdamW.factorsSpec()));
    t.update(PARAMETERS, after.parameters());
    t.update(EXP_AVG, after.expAvg());
    t.update(EXP_AVG_SQ, after.expAvgSq());
    Tensor factors = t.input(EMA_FACTORS, Ema.factorsSpec());
    t.update(EMA, Ema.step(t.state(EMA, spec), after.parameters(), factors));
  }

  /** The mean loss and its gradient as one vector. */
  private record Losses(Tensor mean, Tensor gradient) {}

  /** Records the losses, which become outputs, and their gradient. */
  private Losses losses(Trace t, Tensor vector) {
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
    return new Losses(byName.get(MEAN), p.join(name -> byName.get(GRADIENT + name)));
  }

  private static Tensor operand(Trace t, Program p, Input i, Map<String, Tensor> weights) {
    Tensor trained = i.role() == Role.PARAM ? weights.get(i.name()) : null;
    return trained == null ? t.declare(i.name(), i.role(), p.spec(i.id())) : trained;
  }

  /** Lets a run change the state only if gradient and loss are finite. */
  private static Tensor gateOnNorm(Trace t, Tensor gradient, Tensor loss) {
    Tensor norm = GradientClipping.norm(gradient);
    // What is not finite stays so, and 0 changes nothing.
    Tensor both = norm.add(loss.mul(0));
    Tensor finite = both.lt(norm.fill(norm.shape(), Double.POSITIVE_INFINITY));
    t.output(GRADIENT_NORM, norm);
    t.output(FINITE, finite);
    t.commitWhen(finite);
    return norm;
  }
}
