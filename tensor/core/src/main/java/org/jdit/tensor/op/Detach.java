package org.jdit.tensor.op;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;

/** The same value, through which no gradient flows (torch.Tensor.detach). */
public record Detach() implements View {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    return in;
  }

  @Override
  public Optional<Strided> view(Strided in) {
    return Optional.of(in);
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return Arrays.asList((Tensor) null);
  }
}
