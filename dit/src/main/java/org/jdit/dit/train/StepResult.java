package org.jdit.dit.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdit.tensor.Tensor;

/**
 * What a step tells.
 *
 * @param loss of each image
 * @param mse the squared error in it; there unless the loss is a bound alone
 * @param vb the variational bound in it; there if the variance is learned
 * @param gradientNorm norm of the gradient before clipping
 * @param finite whether loss and gradient were finite, so that the weights moved
 */
@SuppressWarnings("ArrayRecordComponent") // numbers in bulk; nobody compares results by equals
public record StepResult(
    float[] loss,
    Optional<float[]> mse,
    Optional<float[]> vb,
    double gradientNorm,
    boolean finite) {
  /** The mean of some losses, added up in double. */
  public static double mean(float[] losses) {
    double sum = 0;
    for (float l : losses) {
      sum += l;
    }
    return sum / losses.length;
  }

  /** What is made smaller: the mean of some losses, each by its weight. */
  static double mean(float[] losses, List<Double> weights) {
    double sum = 0;
    for (int i = 0; i < losses.length; i++) {
      sum += losses[i] * weights.get(i);
    }
    return sum / losses.length;
  }

  /** What the outputs of a Program tell that has losses. */
  static StepResult of(Map<String, Tensor> out) {
    return new StepResult(
            out.get(TrainStep.LOSS).toFloats(),
            Optional.ofNullable(out.get(TrainStep.MSE)).map(Tensor::toFloats),
            Optional.ofNullable(out.get(TrainStep.VB)).map(Tensor::toFloats),
            0,
            false)
        .with(out);
  }

  /** The same losses with the norm of a Program's outputs, and whether it was finite. */
  StepResult with(Map<String, Tensor> out) {
    double norm = out.get(TrainStep.GRADIENT_NORM).item();
    return new StepResult(loss, mse, vb, norm, out.get(TrainStep.FINITE).item() != 0);
  }

  /** The results of the portions of a batch, which follow each other. */
  static StepResult joined(List<StepResult> portions) {
    StepResult last = portions.getLast();
    return new StepResult(
        join(portions.stream().map(StepResult::loss)),
        last.mse().map(_ -> join(portions.stream().map(p -> p.mse().orElseThrow()))),
        last.vb().map(_ -> join(portions.stream().map(p -> p.vb().orElseThrow()))),
        last.gradientNorm(),
        portions.stream().allMatch(StepResult::finite));
  }

  private static float[] join(Stream<float[]> each) {
    List<float[]> parts = each.toList();
    float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
