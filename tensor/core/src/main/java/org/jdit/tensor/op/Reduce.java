package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * A reduction over axes, which stay with size 1.
 *
 * @param fn what is taken over the axes
 * @param axes the axes, ascending
 */
public record Reduce(Fn fn, List<Integer> axes) implements Primitive {
  /** Sum or largest element; the gradient of MAX is shared among equal elements. */
  public enum Fn {
    SUM,
    MAX
  }

  /** Copies the list. */
  public Reduce {
    axes = List.copyOf(axes);
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    Shape s = in.getFirst().shape();
    for (int axis : axes) {
      s = s.with(axis, 1);
    }
    Check.that(
        fn == Fn.SUM || axes.stream().allMatch(a -> in.getFirst().shape().dim(a) > 0),
        this,
        in,
        "an empty axis has no largest element");
    return List.of(in.getFirst().with(s));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor x = in.getFirst();
    Tensor dy = d.getFirst();
    return List.of(
        switch (fn) {
          case SUM -> dy.expand(x.shape());
          case MAX -> {
            Tensor hit = x.eq(out.getFirst().expand(x.shape())).cast(x.dtype());
            Tensor hits = Tensor.apply(new Reduce(Fn.SUM, axes), hit);
            yield hit.mul(dy.div(hits));
          }
        });
  }

  @Override
  public String name() {
    return "Reduce." + fn;
  }
}
