package org.jdit.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Int8;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * A file some of whose weights are in int8: {@code NAME [out, …]} of bytes and {@code NAME.scale
 * [out]} of float32, whose products are the float32 weight that is read. It is made when it is
 * mapped, so that only one is in memory.
 */
final class Int8File implements TensorFile {
  private static final String SCALE = ".scale";
  private static final String WEIGHT = ".weight";

  private final TensorFile file;
  private final Map<String, Spec> tensors;
  private final Set<String> inBytes;

  private Int8File(TensorFile file, Map<String, Spec> tensors, Set<String> inBytes) {
    this.file = file;
    this.tensors = Collections.unmodifiableMap(tensors);
    this.inBytes = inBytes;
  }

  /**
   * A file with its weights in int8, if it has any, as float32.
   *
   * @throws JditException if a weight in int8 has no scales that fit, or scales have no weight
   */
  static TensorFile of(TensorFile file) {
    Map<String, Spec> tensors = new LinkedHashMap<>(file.tensors());
    Set<String> inBytes = new HashSet<>();
    file.tensors()
        .forEach(
            (name, spec) -> {
              if (spec.dtype() == DType.I8 && hasScales(file, name, spec)) {
                inBytes.add(name);
                tensors.put(name, new Spec(spec.shape(), DType.F32));
                tensors.remove(name + SCALE);
              }
            });
    for (String name : tensors.keySet()) {
      if (name.endsWith(WEIGHT + SCALE)) {
        throw new JditException(
            "%s has %s, but not the weight in int8 that it scales; get an intact copy"
                .formatted(file.source(), name));
      }
    }
    return inBytes.isEmpty() ? file : new Int8File(file, tensors, inBytes);
  }

  private static boolean hasScales(TensorFile file, String name, Spec spec) {
    Spec scales = file.tensors().get(name + SCALE);
    if (scales == null && !name.endsWith(WEIGHT)) {
      return false;
    }
    boolean matrix = spec.shape().rank() >= 2;
    if (!matrix || !Spec.f32(spec.shape().dim(0)).equals(scales)) {
      throw new JditException(
          "%s has %s as %s, but no f32 scale for each of its rows in %s; get an intact copy"
              .formatted(file.source(), name, spec, name + SCALE));
    }
    return true;
  }

  /**
   * A weight in int8, as a file has it: bytes and scales.
   *
   * @param weight makes it, of any floating type. Writing throws {@link JditException} if numbers
   *     of it are NaN, infinite or too large
   */
  static List<TensorEntry> entries(String name, Shape shape, Function<TensorScope, Tensor> weight) {
    Spec scales = Spec.f32(shape.dim(0));
    return List.of(
        TensorEntry.lazy(
            name, new Spec(shape, DType.I8), scope -> bytes(name, weight.apply(scope), scope)),
        TensorEntry.lazy(name + SCALE, scales, scope -> scales(name, weight.apply(scope), scope)));
  }

  private static Tensor scales(String name, Tensor weight, TensorScope scope) {
    Tensor dense = Values.rowMajor(weight);
    Tensor scales = scope.zeros(Spec.f32(weight.shape().dim(0)));
    long row = row(weight.shape());
    for (int i = 0; i < weight.shape().dim(0); i++) {
      float largest = 0;
      for (long at = i * row; at < (i + 1) * row; at++) {
        largest = Math.max(largest, Math.abs((float) Values.at(dense, at)));
      }
      float scale = Int8.scale(largest);
      if (!Int8.isScale(scale)) {
        throw new JditException(
            name + " holds values that are NaN, infinite or too large for int8");
      }
      scales.concrete().data().set(Elements.F32, (long) i * Float.BYTES, scale);
    }
    return scales;
  }

  private static Tensor bytes(String name, Tensor weight, TensorScope scope) {
    Tensor dense = Values.rowMajor(weight);
    MemorySegment scales = scales(name, dense, scope).concrete().data();
    Tensor bytes = scope.zeros(new Spec(weight.shape(), DType.I8));
    long row = row(weight.shape());
    for (int i = 0; i < weight.shape().dim(0); i++) {
      float scale = scales.get(Elements.F32, (long) i * Float.BYTES);
      for (long at = i * row; at < (i + 1) * row; at++) {
        byte x = Int8.nearest((float) Values.at(dense, at), scale);
        bytes.concrete().data().set(ValueLayout.JAVA_BYTE, at, x);
      }
    }
    return bytes;
  }

  /** Elements of a row. */
  private static long row(Shape shape) {
    return shape.sub(1, shape.rank()).numel();
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Map<String, String> metadata() {
    return file.metadata();
  }

  @Override
  public Map<String, Spec> tensors() {
    return tensors;
  }

  /** Other scales than ours do not make numbers that one byte could be found for again. */
  @Override
  public DType narrowest(String name) {
    if (!inBytes.contains(name)) {
      return file.narrowest(name);
    }
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor scales = Values.rowMajor(file.map(name + SCALE, scope));
      for (int i = 0; i < scales.shape().dim(0); i++) {
        if (!Int8.isScale((float) Values.at(scales, i))) {
          return DType.F32;
        }
      }
      return DType.I8;
    }
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    if (!inBytes.contains(name)) {
      return file.map(name, scope);
    }
    Tensor weight = scope.zeros(tensors.get(name));
    try (TensorScope mapped = scope.inner()) {
      Tensor bytes = Values.rowMajor(file.map(name, mapped));
      Tensor scales = Values.rowMajor(file.map(name + SCALE, mapped));
      MemorySegment from = bytes.concrete().data();
      MemorySegment to = weight.concrete().data();
      long first = bytes.concrete().layout().offset();
      long row = row(weight.shape());
      for (int i = 0; i < weight.shape().dim(0); i++) {
        float scale = (float) Values.at(scales, i);
        for (long at = i * row; at < (i + 1) * row; at++) {
          to.set(
              Elements.F32, at * Float.BYTES, from.get(ValueLayout.JAVA_BYTE, first + at) * scale);
        }
      }
    }
    return weight;
  }

  @Override
  public void close() {
    file.close();
  }
}
