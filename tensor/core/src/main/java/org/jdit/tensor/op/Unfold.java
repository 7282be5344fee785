package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * The patches that a convolution sees: {@code [N, C, H, W] → [N, C·kh·kw, OH·OW]}
 * (torch.nn.functional.unfold).
 *
 * @param kh kernel height
 * @param kw kernel width
 * @param stride step between patches, 1 or more
 * @param padding zeros on each of the four sides, 0 or more
 */
public record Unfold(int kh, int kw, int stride, int padding) implements Primitive {
  /** Checks the stride and the padding. */
  public Unfold {
    Check.window(stride, padding);
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    Shape s = in.getFirst().shape();
    Check.that(s.rank() == 4, this, in, "needs [N, C, H, W]");
    int oh = outputs(s.dim(2), kh);
    int ow = outputs(s.dim(3), kw);
    Check.that(oh > 0 && ow > 0, this, in, "the kernel is larger than the padded image");
    return List.of(
        in.getFirst().with(Shape.of(s.dim(0), s.dim(1) * kh * kw, Math.multiplyExact(oh, ow))));
  }

  private int outputs(int size, int kernel) {
    return Math.floorDiv(size + 2 * padding - kernel, stride) + 1;
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Shape s = in.getFirst().shape();
    return List.of(Tensor.apply(new Fold(s.dim(2), s.dim(3), this), d.getFirst()));
  }
}
