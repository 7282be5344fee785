package org.jdit.dit.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jdit.diffusion.loss.MinSnr;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Space;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.Ema;
import org.jdit.nn.optim.GradientClipping;
import org.jdit.tensor.JditException;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.spi.Precision;
import org.jdit.weights.torch.SavedValue;

/**
 * All that the numbers of a training depend on; a checkpoint keeps it, and resuming with anything
 * else is refused.
 *
 * @param config the network
 * @param data what it is trained on, in words that tell one set from another
 * @param space what the network works on
 * @param seed of the weights, the order of the data, and all that is drawn
 * @param batch images in a step
 * @param accumulate portions that a batch is computed in, a divisor of {@code batch}
 * @param learningRate of AdamW, after warm-up
 * @param warmUp steps over which the learning rate rises from 0
 * @param weightDecay of AdamW
 * @param ema the moving average of the weights
 * @param clipNorm limit on the norm of the gradient; empty for none
 * @param predictXStart whether the network learns to predict the image, or else the noise
 * @param timesteps how the timesteps of a batch are chosen
 * @param minSnr weights on the losses by timestep; empty for none
 * @param validationShare share of the data that is held back, 0 to 1
 * @param flips whether images are mirrored at random
 * @param precision that the backend computes with
 */
public record TrainSettings(
    DiTConfig config,
    String data,
    Space space,
    long seed,
    int batch,
    int accumulate,
    double learningRate,
    int warmUp,
    double weightDecay,
    Ema ema,
    OptionalDouble clipNorm,
    boolean predictXStart,
    Timesteps timesteps,
    Optional<MinSnr> minSnr,
    double validationShare,
    boolean flips,
    Precision precision) {
  private static final String UNSET = "not set";

  /** How timesteps are chosen. */
  public enum Timesteps {
    /** All alike. */
    UNIFORM,
    /** In proportion to their losses (Nichol &amp; Dhariwal 2021, §3.3). */
    LOSS_SECOND_MOMENT
  }

  /**
   * Checks the ranges.
   *
   * @throws JditException naming what lies outside
   */
  public TrainSettings {
    require(batch >= 1, "a batch has 1 or more images, not " + batch);
    require(
        accumulate >= 1 && batch % accumulate == 0,
        "a batch of %d images cannot be computed in %d equal portions"
            .formatted(batch, accumulate));
    require(
        learningRate > 0 && Double.isFinite(learningRate),
        "the learning rate must be positive, not " + learningRate);
    require(warmUp >= 0, "the warm-up takes 0 or more steps, not " + warmUp);
    require(
        weightDecay >= 0 && Double.isFinite(weightDecay),
        "the weight decay must be 0 or more, not " + weightDecay);
    require(
        validationShare >= 0 && validationShare < 1,
        "the share held back for validation is from 0 to below 1, not " + validationShare);
    require(
        clipNorm.orElse(1) > 0,
        "the largest norm of a gradient must be positive, not " + clipNorm.orElse(1));
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new JditException(message);
    }
  }

  /** Images in a portion. */
  public int portion() {
    return batch / accumulate;
  }

  /** The learning rate of a step, counted from 1. */
  public double learningRateAt(long step) {
    return step < warmUp ? learningRate * step / warmUp : learningRate;
  }

  /** How a step changes the weights. */
  public Recipe recipe(InnerValues innerValues) {
    return new Recipe(
        new AdamW(
            AdamW.OFFICIAL.beta1(), AdamW.OFFICIAL.beta2(), AdamW.OFFICIAL.eps(), weightDecay),
        ema,
        clipNorm.isPresent()
            ? Optional.of(new GradientClipping(clipNorm.getAsDouble()))
            : Optional.empty(),
        accumulate,
        innerValues);
  }

  /** The settings by the names that users know them by. */
  public Map<String, SavedValue.Scalar> values() {
    Map<String, SavedValue.Scalar> m = new LinkedHashMap<>();
    m.put("model", SavedValue.of(config.name()));
    m.put("input-size", SavedValue.of((long) config.inputSize()));
    m.put("num-classes", SavedValue.of((long) config.numClasses()));
    m.put("class-dropout", SavedValue.of(config.classDropoutProb()));
    m.put("learn-sigma", SavedValue.of(config.learnSigma()));
    m.put("data", SavedValue.of(data));
    m.put("space", SavedValue.of(space.name().toLowerCase(Locale.ROOT)));
    m.put("global-seed", SavedValue.of(seed));
    m.put("global-batch-size", SavedValue.of((long) batch));
    m.put("accumulate", SavedValue.of((long) accumulate));
    m.put("lr", SavedValue.of(learningRate));
    m.put("lr-warmup", SavedValue.of((long) warmUp));
    m.put("weight-decay", SavedValue.of(weightDecay));
    m.put("ema-decay", SavedValue.of(ema.decay()));
    m.put("ema-warmup", SavedValue.of(ema.warmUp()));
    m.put(
        "clip-norm",
        clipNorm.isPresent() ? SavedValue.of(clipNorm.getAsDouble()) : SavedValue.of("none"));
    m.put(
        "schedule-sampler",
        SavedValue.of(timesteps.name().toLowerCase(Locale.ROOT).replace('_', '-')));
    m.put("val-split", SavedValue.of(validationShare));
    m.put("flip", SavedValue.of(flips));
    // What came later is left out where it is as it was before, so that older checkpoints fit.
    if (predictXStart) {
      m.put("predict-xstart", SavedValue.of(true));
    }
    minSnr.ifPresent(weights -> m.put("snr-gamma", SavedValue.of(weights.gamma())));
    if (precision != Precision.FP32) {
      m.put("precision", SavedValue.of(precision.toString()));
    }
    return m;
  }

  /** The settings as text. */
  public Map<String, String> toMap() {
    Map<String, String> texts = new LinkedHashMap<>();
    values().forEach((name, value) -> texts.put(name, value.toString()));
    return texts;
  }

  /**
   * Checks that a training goes on as it began.
   *
   * @param began the settings of the training so far, see {@link #toMap}
   * @throws JditException naming every difference
   */
  public void requireSame(Map<String, String> began, String source) {
    Map<String, String> now = toMap();
    Set<String> names = new LinkedHashSet<>(now.keySet());
    names.addAll(began.keySet());
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      String before = began.getOrDefault(name, UNSET);
      String value = now.getOrDefault(name, UNSET);
      if (!value.equals(before)) {
        differences.add("%s was %s, now %s".formatted(name, before, value));
      }
    }
    if (!differences.isEmpty()) {
      throw new JditException(
          "%s was trained with other settings: %s; resume with those, or begin anew with --init-from"
              .formatted(source, String.join("; ", differences)));
    }
  }
}
