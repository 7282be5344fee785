package org.jdit.weights;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;

/**
 * Tensors computed from those of another file, each when it is mapped. Closing closes that file.
 */
final class DerivedTensors implements TensorFile {
  private record Derived(
      Spec spec, Supplier<DType> narrowest, Function<TensorScope, Tensor> compute) {}

  private final TensorFile origin;
  private final Map<String, String> metadata;
  private final Map<String, Derived> derived = new LinkedHashMap<>();

  DerivedTensors(TensorFile origin, Map<String, String> metadata) {
    this.origin = origin;
    this.metadata = Map.copyOf(metadata);
  }

  /** Adds a tensor of the file under a name. */
  void rename(String from, String to) {
    derived.put(
        to,
        new Derived(spec(from), () -> origin.narrowest(from), scope -> origin.map(from, scope)));
  }

  /** Adds a tensor that {@code compute} makes in the scope that it gets. */
  void add(String name, Spec spec, Function<TensorScope, Tensor> compute) {
    derived.put(name, new Derived(spec, spec::dtype, compute));
  }

  private Spec spec(String name) {
    return origin.tensors().get(name);
  }

  @Override
  public String source() {
    return origin.source();
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public Map<String, Spec> tensors() {
    Map<String, Spec> specs = new LinkedHashMap<>();
    derived.forEach((name, d) -> specs.put(name, d.spec()));
    return specs;
  }

  @Override
  public DType narrowest(String name) {
    return known(name).narrowest().get();
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    return known(name).compute().apply(scope);
  }

  private Derived known(String name) {
    Derived d = derived.get(name);
    if (d == null) {
      throw new IllegalArgumentException("no tensor " + name + " in " + source());
    }
    return d;
  }

  @Override
  public void close() {
    origin.close();
  }
}
