package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.List;
import org.jdit.nn.LayerNorm;
import org.jdit.nn.Linear;
import org.jdit.nn.Weights;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;

/**
 * A small convolutional network that tells what a picture shows. Each stage halves the sides: 2 × 2
 * pixels become the channels of one, and a 3 × 3 convolution follows. The convolution is a linear
 * map of nine shifted copies, whose gradient takes products and copies only.
 *
 * @param weights scope of its weights
 * @param classes number of classes
 */
record DrawingNet(Weights weights, int classes) {
  private static final int[] WIDTHS = {24, 48, 96};
  private static final LayerNorm NORM = new LayerNorm(1e-6);

  /** {@code [N, 3, H, W]} from −1 to 1 → logits {@code [N, classes]}. */
  Tensor forward(Tensor images) {
    Tensor x = images.permute(0, 2, 3, 1);
    for (int i = 0; i < WIDTHS.length; i++) {
      x = stage(x, weights.at("stages").at(i), WIDTHS[i]);
    }
    return Linear.of(weights.at("head"), x.dim(3), classes).apply(x.mean(1, 2));
  }

  /** {@code [N, H, W, C] → [N, H/2, W/2, out]}. */
  private static Tensor stage(Tensor x, Weights weights, int out) {
    Tensor near = neighbours(halved(x));
    return NORM.apply(Linear.of(weights, near.dim(3), out).apply(near)).gelu();
  }

  /** {@code [N, H, W, C] → [N, H/2, W/2, 4·C]}. */
  private static Tensor halved(Tensor x) {
    Shape s = x.shape();
    return x.reshape(s.dim(0), s.dim(1) / 2, 2, s.dim(2) / 2, 2, s.dim(3))
        .permute(0, 1, 3, 2, 4, 5)
        .reshape(s.dim(0), s.dim(1) / 2, s.dim(2) / 2, 4 * s.dim(3));
  }

  /** {@code [N, H, W, C] → [N, H, W, 9·C]}: each pixel with those around it, zeros outside. */
  private static Tensor neighbours(Tensor x) {
    Tensor padded = x.pad(1, 1, 1).pad(2, 1, 1);
    List<Tensor> shifted = new ArrayList<>();
    for (int down = 0; down < 3; down++) {
      for (int right = 0; right < 3; right++) {
        shifted.add(padded.slice(1, down, x.dim(1)).slice(2, right, x.dim(2)));
      }
    }
    return Tensor.concat(3, shifted.toArray(Tensor[]::new));
  }
}
