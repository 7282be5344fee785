package org.jdit.weights.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Persistent;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;

/** A tensor as a pickle describes it, before its numbers are looked at. */
sealed interface TensorRef {
  /**
   * A tensor whose numbers can be read.
   *
   * @param storage where they are
   * @param dtype their type
   * @param layout their places in the storage
   */
  record Stored(StorageRef storage, DType dtype, Strided layout) implements TensorRef {}

  /**
   * A tensor that has no counterpart here.
   *
   * @param kind what it is
   */
  record Foreign(String kind) implements TensorRef {}

  /** What wraps a tensor (Parameter, subclass) nests this deep at most. */
  int MAX_WRAPPERS = 8;

  /**
   * The tensor that {@code value} describes, or empty if it describes none.
   *
   * @throws JditException if the description is malformed
   */
  static Optional<TensorRef> of(PickleValue value, String source) {
    if (!(value instanceof Instance i)) {
      return Optional.empty();
    }
    PickleValue callee = i.callee();
    List<PickleValue> args = i.args();
    for (int depth = 0; depth < MAX_WRAPPERS; depth++) {
      switch (callee.toString()) {
        case "torch._utils._rebuild_tensor",
            "torch._utils._rebuild_tensor_v2",
            "torch._utils._rebuild_tensor_v3" -> {
          return Optional.of(tensor(args, source));
        }
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" -> {
          if (args.isEmpty() || !(args.getFirst() instanceof Instance data)) {
            throw malformed(source);
          }
          callee = data.callee();
          args = data.args();
        }
        case "torch._tensor._rebuild_from_type_v2" -> {
          if (args.size() < 3 || !(args.get(2) instanceof Sequence inner)) {
            throw malformed(source);
          }
          callee = args.getFirst();
          args = inner.items();
        }
        default -> {
          return callee instanceof Global g && g.name().startsWith("_rebuild_")
              ? Optional.of(new Foreign(g.toString()))
              : Optional.empty();
        }
      }
    }
    throw malformed(source);
  }

  private static TensorRef tensor(List<PickleValue> args, String source) {
    if (args.size() < 4
        || !(args.get(0) instanceof Persistent reference)
        || !(args.get(1) instanceof Scalar(Long offset))
        || !(args.get(2) instanceof Sequence size)
        || !(args.get(3) instanceof Sequence stride)) {
      throw malformed(source);
    }
    StorageRef storage = StorageRef.of(reference, source);
    // Version 3 names the type beside an untyped storage.
    boolean typed = args.size() > 6 && args.get(6) instanceof Global;
    Optional<DType> dtype = typed ? dtype((Global) args.get(6)) : storage.type().dtype();
    if (dtype.isEmpty()) {
      return new Foreign(typed ? args.get(6).toString() : storage.type().torchName());
    }
    List<Integer> dims = new ArrayList<>();
    for (long d : longs(size, source)) {
      if (d > Integer.MAX_VALUE) {
        throw malformed(source);
      }
      dims.add((int) d);
    }
    List<Long> strides = longs(stride, source);
    if (offset < 0 || strides.size() != dims.size()) {
      throw malformed(source);
    }
    return new Stored(storage, dtype.get(), new Strided(new Shape(dims), offset, strides));
  }

  private static Optional<DType> dtype(Global global) {
    return Optional.ofNullable(
        switch (global.toString()) {
          case "torch.float64" -> DType.F64;
          case "torch.float32" -> DType.F32;
          case "torch.float16" -> DType.F16;
          case "torch.bfloat16" -> DType.BF16;
          case "torch.int64" -> DType.I64;
          case "torch.int32" -> DType.I32;
          case "torch.int16" -> DType.I16;
          case "torch.int8" -> DType.I8;
          case "torch.uint8" -> DType.U8;
          case "torch.bool" -> DType.BOOL;
          default -> null;
        });
  }

  private static List<Long> longs(Sequence values, String source) {
    List<Long> longs = new ArrayList<>();
    for (PickleValue v : values.items()) {
      if (!(v instanceof Scalar(Long n)) || n < 0) {
        throw malformed(source);
      }
      longs.add(n);
    }
    return longs;
  }

  private static JditException malformed(String source) {
    return new JditException(
        source + " describes a tensor in a way that torch does not; the file may be damaged");
  }
}
