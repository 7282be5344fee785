package org.jdit.dit.train;

import java.util.Optional;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.Ema;
import org.jdit.nn.optim.GradientClipping;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;

/**
 * How a step changes the weights.
 *
 * @param adamw the optimiser
 * @param ema the moving average of the weights
 * @param clipping limit on the gradient's norm
 * @param accumulate portions of a batch whose gradients are added up, 1 or more
 * @param innerValues whether the blocks' inner values are kept for the gradient or computed again
 */
public record Recipe(
    AdamW adamw,
    Ema ema,
    Optional<GradientClipping> clipping,
    int accumulate,
    InnerValues innerValues) {
  /** The recipe of the official train.py. */
  public static final Recipe OFFICIAL =
      new Recipe(AdamW.OFFICIAL, new Ema(0.9999, false), Optional.empty(), 1, InnerValues.KEPT);

  /** Checks the number of portions. */
  public Recipe {
    if (accumulate < 1) {
      throw new IllegalArgumentException("portions of a batch are 1 or more, not " + accumulate);
    }
  }

  /** The same recipe with the blocks' inner values kept or computed again. */
  public Recipe with(InnerValues other) {
    return new Recipe(adamw, ema, clipping, accumulate, other);
  }

  /** The same recipe with batches in so many portions. */
  public Recipe accumulating(int portions) {
    return new Recipe(adamw, ema, clipping, portions, innerValues);
  }
}
