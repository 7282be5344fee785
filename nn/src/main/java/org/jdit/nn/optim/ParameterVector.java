package org.jdit.nn.optim;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Parameters one after the other in a vector {@code [P]}, so that an optimiser, a norm or a moving
 * average is one operation for all of them, however many there are.
 *
 * @param shapes shape of each parameter by name, in the vector's order
 */
public record ParameterVector(Map<String, Shape> shapes) {
  /**
   * Copies the map, keeping its order.
   *
   * @throws JditException if there are more elements than a vector can have, 2^31 - 1
   */
  public ParameterVector {
    shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
    long all = shapes.values().stream().mapToLong(Shape::numel).sum();
    if (all > Integer.MAX_VALUE) {
      throw new JditException(
          "a network of %,d parameters cannot be trained, %,d are the most: choose a smaller one"
              .formatted(all, Integer.MAX_VALUE));
    }
  }

  /** Number of elements P. */
  public int size() {
    return Math.toIntExact(shapes.values().stream().mapToLong(Shape::numel).sum());
  }

  /** Spec of the vector. */
  public Spec spec() {
    return Spec.f32(size());
  }

  /** Where each parameter begins. */
  public Map<String, Integer> offsets() {
    Map<String, Integer> offsets = new LinkedHashMap<>();
    int at = 0;
    for (Map.Entry<String, Shape> e : shapes.entrySet()) {
      offsets.put(e.getKey(), at);
      at += Math.toIntExact(e.getValue().numel());
    }
    return offsets;
  }

  /** Each parameter as a view of a vector. */
  public Map<String, Tensor> split(Tensor vector) {
    Map<String, Tensor> parts = new LinkedHashMap<>();
    offsets()
        .forEach(
            (name, at) -> {
              Shape shape = shapes.get(name);
              parts.put(name, vector.slice(0, at, (int) shape.numel()).reshape(shape));
            });
    return parts;
  }

  /** The vector of a tensor for each parameter. */
  public Tensor join(Function<String, Tensor> parameter) {
    return Tensor.concat(
        0,
        shapes.keySet().stream()
            .map(name -> parameter.apply(name).reshape(-1))
            .toArray(Tensor[]::new));
  }
}
