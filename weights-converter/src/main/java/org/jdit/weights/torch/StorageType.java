package org.jdit.weights.torch;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.weights.pickle.PickleValue.Global;

/** The storage classes of torch: how many bytes an element takes, and what it is here if at all. */
enum StorageType {
  DOUBLE("DoubleStorage", 8, DType.F64),
  FLOAT("FloatStorage", 4, DType.F32),
  HALF("HalfStorage", 2, DType.F16),
  BFLOAT16("BFloat16Storage", 2, DType.BF16),
  LONG("LongStorage", 8, DType.I64),
  INT("IntStorage", 4, DType.I32),
  SHORT("ShortStorage", 2, DType.I16),
  CHAR("CharStorage", 1, DType.I8),
  BYTE("ByteStorage", 1, DType.U8),
  BOOL("BoolStorage", 1, DType.BOOL),
  UNTYPED("UntypedStorage", 1, DType.U8),
  COMPLEX_FLOAT("ComplexFloatStorage", 8),
  COMPLEX_DOUBLE("ComplexDoubleStorage", 16),
  QINT8("QInt8Storage", 1),
  QUINT8("QUInt8Storage", 1),
  QINT32("QInt32Storage", 4),
  QUINT4X2("QUInt4x2Storage", 1),
  QUINT2X4("QUInt2x4Storage", 1);

  private static final Set<String> MODULES = Set.of("torch", "torch.cuda", "torch.storage");

  private final String torchName;
  private final int bytes;
  private final Optional<DType> dtype;

  StorageType(String torchName, int bytes) {
    this.torchName = torchName;
    this.bytes = bytes;
    this.dtype = Optional.empty();
  }

  StorageType(String torchName, int bytes, DType dtype) {
    this.torchName = torchName;
    this.bytes = bytes;
    this.dtype = Optional.of(dtype);
  }

  /** The name of the class in torch. */
  String torchName() {
    return torchName;
  }

  /** Bytes of one element. */
  int bytes() {
    return bytes;
  }

  /** The element type, empty for those that have no counterpart here. */
  Optional<DType> dtype() {
    return dtype;
  }

  /** The storage class that stands for {@code dtype}. */
  static StorageType of(DType dtype) {
    return Arrays.stream(values())
        .filter(t -> t.dtype.equals(Optional.of(dtype)))
        .findFirst()
        .get();
  }

  /** The storage class of that name, wherever torch has put such classes. */
  static Optional<StorageType> named(Global global) {
    return MODULES.contains(global.module())
        ? Arrays.stream(values()).filter(t -> t.torchName.equals(global.name())).findFirst()
        : Optional.empty();
  }
}
