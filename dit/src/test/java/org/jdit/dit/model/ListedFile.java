package org.jdit.dit.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.nn.StateDict;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;

/**
 * A file of which only the directory may be read.
 *
 * @param tensors names and shapes
 * @param metadata what else it says
 */
public record ListedFile(Map<String, Spec> tensors, Map<String, String> metadata)
    implements TensorFile {
  /** A file of the weights of a model. */
  public static ListedFile of(StateDict model, Map<String, String> metadata) {
    Map<String, Spec> tensors = new LinkedHashMap<>();
    model.shapes().forEach((k, s) -> tensors.put(k, new Spec(s, DType.F32)));
    return new ListedFile(tensors, metadata);
  }

  ListedFile with(String key, int... dims) {
    Map<String, Spec> changed = new LinkedHashMap<>(tensors);
    changed.put(key, new Spec(Shape.of(dims), DType.F32));
    return new ListedFile(changed, metadata);
  }

  @Override
  public String source() {
    return "some.pt";
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    throw new AssertionError("only the directory may be read");
  }

  @Override
  public void close() {}
}
