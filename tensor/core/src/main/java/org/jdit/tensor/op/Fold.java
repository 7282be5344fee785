package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Patches {@code [N, C·kh·kw, OH·OW]} summed back into images {@code [N, C, H, W]}; the transpose
 * of {@link Unfold} (torch.nn.functional.fold).
 *
 * @param height H of the images
 * @param width W of the images
 * @param unfold how the patches were cut
 */
public record Fold(int height, int width, Unfold unfold) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    Shape s = in.getFirst().shape();
    Check.that(s.rank() == 3, this, in, "needs [N, C·kh·kw, OH·OW]");
    Spec image =
        in.getFirst()
            .with(Shape.of(s.dim(0), s.dim(1) / (unfold.kh() * unfold.kw()), height, width));
    Check.that(
        unfold.infer(List.of(image)).getFirst().shape().equals(s), this, in, "patches do not fit");
    return List.of(image);
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return List.of(Tensor.apply(unfold, d.getFirst()));
  }
}
