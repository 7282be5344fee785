package org.jdit.dit.train;

import java.util.Arrays;
import java.util.Optional;

/**
 * What a step tells.
 *
 * @param loss of each image
 * @param mse the squared error in it; there unless the loss is a bound alone
 * @param vb the variational bound in it; there if the variance is learned
 * @param gradientNorm norm of the gradient before clipping
 * @param finite whether the gradient was finite, so that the weights moved
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

  /** The results of all portions of a batch, which follow each other. */
  static StepResult joined(StepResult[] portions) {
    StepResult last = portions[portions.length - 1];
    return new StepResult(
        join(Arrays.stream(portions).map(StepResult::loss).toArray(float[][]::new)),
        last.mse().map(_ -> join(each(portions, StepResult::mse))),
        last.vb().map(_ -> join(each(portions, StepResult::vb))),
        last.gradientNorm(),
        Arrays.stream(portions).allMatch(StepResult::finite));
  }

  private static float[][] each(
      StepResult[] portions, java.util.function.Function<StepResult, Optional<float[]>> term) {
    return Arrays.stream(portions).map(p -> term.apply(p).orElseThrow()).toArray(float[][]::new);
  }

  private static float[] join(float[][] parts) {
    float[] all = new float[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
