package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Convolution of {@code x [N, C, H, W]} with {@code weight [O, C, kh, kw]} and {@code bias [O]}
 * (torch.nn.functional.conv2d).
 *
 * @param stride step between outputs, 1 or more
 * @param padding zeros on each of the four sides, 0 or more
 */
public record Conv2d(int stride, int padding) implements Fused {
  /** Index of the weight among the operands. */
  public static final int WEIGHT = 1;

  /** Checks the stride and the padding. */
  public Conv2d {
    Check.window(stride, padding);
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.floating(this, in);
    Shape x = in.get(0).shape();
    Shape w = in.get(1).shape();
    Check.that(
        x.rank() == 4
            && w.rank() == 4
            && x.dim(1) == w.dim(1)
            && in.get(2).shape().equals(Shape.of(w.dim(0))),
        this,
        in,
        "needs x [N, C, H, W], weight [O, C, kh, kw], bias [O]");
    int h = Math.floorDiv(x.dim(2) + 2 * padding - w.dim(2), stride) + 1;
    int v = Math.floorDiv(x.dim(3) + 2 * padding - w.dim(3), stride) + 1;
    Check.that(h > 0 && v > 0, this, in, "the kernel is larger than the padded image");
    return List.of(in.getFirst().with(Shape.of(x.dim(0), w.dim(0), h, v)));
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor w = in.get(1);
    Shape to = infer(in.stream().map(Tensor::spec).toList()).getFirst().shape();
    Tensor patches = Tensor.apply(new Unfold(w.dim(2), w.dim(3), stride, padding), in.getFirst());
    Tensor y = w.reshape(w.dim(0), -1).matmul(patches).reshape(to);
    return List.of(y.add(in.get(2).reshape(-1, 1, 1)));
  }
}
