package org.jdit.dit.model;

import org.jdit.nn.Weights;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;

/**
 * Patchify (paper, section 3.2): cuts latents into patches and maps each to a token. The
 * convolution whose stride is its kernel size is one linear map of each patch.
 *
 * @param weight {@code [D, C, p, p]}
 * @param bias {@code [D]}
 */
record PatchEmbed(Tensor weight, Tensor bias) {
  static PatchEmbed of(Weights weights, DiTConfig c) {
    Weights proj = weights.at("proj");
    return new PatchEmbed(
        proj.get("weight", c.hiddenSize(), c.inChannels(), c.patchSize(), c.patchSize()),
        proj.get("bias", c.hiddenSize()));
  }

  /** {@code [N, C, H, W] → [N, T, D]}, patches row by row. */
  Tensor apply(Tensor x) {
    Shape s = x.shape();
    int p = weight.dim(2);
    Tensor patches =
        x.reshape(s.dim(0), s.dim(1), s.dim(2) / p, p, s.dim(3) / p, p)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(s.dim(0), s.dim(2) / p * (s.dim(3) / p), s.dim(1) * p * p);
    return patches.linear(weight.reshape(weight.dim(0), -1), bias);
  }

  /** {@code [N, T, p·p·C] → [N, C, H, W]}; the channel is innermost in a token. */
  static Tensor unpatchify(Tensor tokens, int patch, int grid) {
    int n = tokens.dim(0);
    int channels = tokens.dim(2) / (patch * patch);
    return tokens
        .reshape(n, grid, grid, patch, patch, channels)
        .permute(0, 5, 1, 3, 2, 4)
        .reshape(n, channels, grid * patch, grid * patch);
  }
}
