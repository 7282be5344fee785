package org.jdit.tensor.op;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;

/**
 * Axes in another order (torch.permute).
 *
 * @param axes axis {@code i} of the result is axis {@code axes[i]} of the operand
 */
public record Permute(List<Integer> axes) implements View {
  /** Copies the list. */
  public Permute {
    axes = List.copyOf(axes);
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.that(
        axes.stream()
            .sorted()
            .toList()
            .equals(IntStream.range(0, in.getFirst().shape().rank()).boxed().toList()),
        this,
        in,
        "axes " + axes + " are not an order of its axes");
    return List.of(
        in.getFirst().with(Strided.contiguous(in.getFirst().shape()).permute(axes).shape()));
  }

  @Override
  public Optional<Strided> view(Strided in) {
    return Optional.of(in.permute(axes));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    int[] inverse = new int[axes.size()];
    for (int i = 0; i < inverse.length; i++) {
      inverse[axes.get(i)] = i;
    }
    return List.of(d.getFirst().permute(inverse));
  }
}
