package org.jdit.nn;

import org.jdit.tensor.Tensor;

/**
 * A convolution (torch.nn.Conv2d).
 *
 * @param weight {@code [O, C, k, k]}
 * @param bias {@code [O]}
 * @param stride step between outputs
 * @param padding zeros on each of the four sides
 */
public record Conv2d(Tensor weight, Tensor bias, int stride, int padding) {
  /** The layer with the weight and bias of a scope. */
  public static Conv2d of(Weights weights, int in, int out, int kernel, int stride, int padding) {
    return new Conv2d(
        weights.get("weight", out, in, kernel, kernel), weights.get("bias", out), stride, padding);
  }

  /** {@code [N, C, H, W] → [N, O, H', W']}. */
  public Tensor apply(Tensor x) {
    return x.conv2d(weight, bias, stride, padding);
  }
}
