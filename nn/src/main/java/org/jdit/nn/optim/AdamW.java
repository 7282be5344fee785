package org.jdit.nn.optim;

import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019), as torch.optim.AdamW computes
 * it.
 *
 * @param beta1 how much of the first moment stays, 0 to 1
 * @param beta2 how much of the second moment stays, 0 to 1
 * @param eps added to the root of the second moment
 * @param weightDecay share of a parameter that a step takes away, over the learning rate
 */
public record AdamW(double beta1, double beta2, double eps, double weightDecay) {
  /** torch's numbers with the weight decay of the official DiT training, 0. */
  public static final AdamW OFFICIAL = new AdamW(0.9, 0.999, 1e-8, 0);

  /** Checks the ranges. */
  public AdamW {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps >= 0 && weightDecay >= 0)) {
      throw new IllegalArgumentException(
          "betas lie in [0, 1), eps and weight decay are not negative: "
              + "%s, %s, %s, %s".formatted(beta1, beta2, eps, weightDecay));
    }
  }

  /**
   * What a step changes, all of one shape.
   *
   * @param parameters what is trained
   * @param expAvg moving average of the gradient
   * @param expAvgSq moving average of its square
   */
  public record State(Tensor parameters, Tensor expAvg, Tensor expAvgSq) {}

  /** The spec of {@link #factors}. */
  public static Spec factorsSpec() {
    return Spec.f32(3);
  }

  /**
   * The numbers that differ from step to step, computed in double: what decay leaves, the step
   * size, and the root of the second moment's bias correction.
   *
   * @param step the number of the step, from 1
   */
  public float[] factors(long step, double learningRate) {
    return new float[] {
      (float) (1 - learningRate * weightDecay),
      (float) (learningRate / (1 - Math.pow(beta1, (double) step))),
      (float) Math.sqrt(1 - Math.pow(beta2, (double) step))
    };
  }

  /**
   * One step.
   *
   * @param gradient of the shape of the parameters
   * @param factors {@code [3]}, see {@link #factors}
   */
  public State step(State s, Tensor gradient, Tensor factors) {
    Tensor kept = factors.slice(0, 0, 1);
    Tensor stepSize = factors.slice(0, 1, 1);
    Tensor correction = factors.slice(0, 2, 1);
    Tensor expAvg = s.expAvg().add(gradient.sub(s.expAvg()).mul(1 - beta1));
    Tensor expAvgSq = s.expAvgSq().mul(beta2).add(gradient.square().mul(1 - beta2));
    Tensor denominator = expAvgSq.sqrt().div(correction).add(eps);
    Tensor parameters = s.parameters().mul(kept).sub(expAvg.mul(stepSize).div(denominator));
    return new State(parameters, expAvg, expAvgSq);
  }
}
