package org.jdit.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Element access on concrete tensors: conversion to and from the numbers of Java. */
public final class Elements {
  /** Little-endian layouts without alignment demands, as files have them. */
  public static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Elements() {}

  /** Reads element {@code index} (from the start of the segment) as a double; I64 may round. */
  public static double get(MemorySegment data, DType dtype, long index) {
    return switch (dtype) {
      case F64 -> data.get(F64, index * 8);
      case F32 -> data.get(F32, index * 4);
      case F16 -> Float.float16ToFloat(data.get(I16, index * 2));
      case BF16 -> Float.intBitsToFloat(data.get(I16, index * 2) << 16);
      case I64, I32, I16, I8, U8, BOOL -> getLong(data, dtype, index);
    };
  }

  /** Reads element {@code index} as a long; floating values are truncated towards zero. */
  public static long getLong(MemorySegment data, DType dtype, long index) {
    return switch (dtype) {
      case I64 -> data.get(I64, index * 8);
      case I32 -> data.get(I32, index * 4);
      case I16 -> data.get(I16, index * 2);
      case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case U8 -> data.get(ValueLayout.JAVA_BYTE, index) & 0xff;
      case BOOL -> data.get(ValueLayout.JAVA_BYTE, index) == 0 ? 0 : 1;
      case F64, F32, F16, BF16 -> (long) get(data, dtype, index);
    };
  }

  /** Writes element {@code index}: rounded to nearest even, or truncated for integer types. */
  public static void set(MemorySegment data, DType dtype, long index, double x) {
    switch (dtype) {
      case F64 -> data.set(F64, index * 8, x);
      case F32 -> data.set(F32, index * 4, (float) x);
      case F16 -> data.set(I16, index * 2, Float.floatToFloat16((float) x));
      case BF16 -> data.set(I16, index * 2, toBf16((float) x));
      case I64, I32, I16, I8, U8 -> setLong(data, dtype, index, (long) x);
      case BOOL -> data.set(ValueLayout.JAVA_BYTE, index, (byte) (x == 0 ? 0 : 1));
    }
  }

  /** Writes element {@code index}; integer types wrap around. */
  public static void setLong(MemorySegment data, DType dtype, long index, long x) {
    switch (dtype) {
      case I64 -> data.set(I64, index * 8, x);
      case I32 -> data.set(I32, index * 4, (int) x);
      case I16 -> data.set(I16, index * 2, (short) x);
      case I8, U8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) x);
      case BOOL -> data.set(ValueLayout.JAVA_BYTE, index, (byte) (x == 0 ? 0 : 1));
      case F64, F32, F16, BF16 -> set(data, dtype, index, (double) x);
    }
  }

  /** Upper half of a float, rounded to nearest even; NaN stays NaN. */
  public static short toBf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Copies a concrete tensor row-major into {@code to}, converted to {@code dtype}. */
  public static void copy(Tensor from, MemorySegment to, DType dtype) {
    Value.Concrete c = from.concrete();
    long n = from.shape().numel();
    if (c.layout().isContiguous() && dtype == from.dtype()) {
      MemorySegment.copy(c.data(), c.layout().offset() * dtype.bytes(), to, 0, n * dtype.bytes());
    } else if (from.dtype().isFloating()) {
      forEach(c.layout(), (i, p) -> set(to, dtype, i, get(c.data(), from.dtype(), p)));
    } else {
      forEach(c.layout(), (i, p) -> setLong(to, dtype, i, getLong(c.data(), from.dtype(), p)));
    }
  }

  static float[] toFloats(Tensor t) {
    float[] a = new float[Math.toIntExact(t.shape().numel())];
    copy(t, MemorySegment.ofArray(a), DType.F32);
    return a;
  }

  static double[] toDoubles(Tensor t) {
    double[] a = new double[Math.toIntExact(t.shape().numel())];
    copy(t, MemorySegment.ofArray(a), DType.F64);
    return a;
  }

  static long[] toLongs(Tensor t) {
    long[] a = new long[Math.toIntExact(t.shape().numel())];
    copy(t, MemorySegment.ofArray(a), DType.I64);
    return a;
  }

  @FunctionalInterface
  private interface Visit {
    void at(long index, long position);
  }

  private static void forEach(Strided s, Visit visit) {
    int rank = s.shape().rank();
    if (s.shape().numel() == 0) {
      return;
    }
    if (rank == 0) {
      visit.at(0, s.offset());
      return;
    }
    int inner = s.shape().dim(-1);
    long step = s.strides().getLast();
    int[] at = new int[rank];
    long row = s.offset();
    long index = 0;
    while (true) {
      for (int i = 0; i < inner; i++) {
        visit.at(index++, row + i * step);
      }
      int axis = rank - 2;
      while (axis >= 0 && ++at[axis] == s.shape().dim(axis)) {
        row -= (at[axis] - 1L) * s.strides().get(axis);
        at[axis--] = 0;
      }
      if (axis < 0) {
        return;
      }
      row += s.strides().get(axis);
    }
  }
}
