package org.jdit.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.cpu.kernel.ConvKernel;
import org.jdit.tensor.cpu.kernel.ConvWeights;
import org.jdit.tensor.cpu.kernel.Epilogue;
import org.jdit.tensor.cpu.kernel.Gemm;
import org.jdit.tensor.cpu.kernel.Matrix;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.cpu.kernel.PackedMatrix;
import org.jdit.tensor.cpu.kernel.Step;
import org.jdit.tensor.cpu.kernel.WideMatMul;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.program.Layouts;
import org.jdit.tensor.program.Node;

/** Binds matrix products and convolutions; weights that never change are packed once. */
final class Products {
  private final Engine engine;
  private final Buffers buffers;
  private final Gemm gemm;

  Products(Engine engine, Buffers buffers) {
    this.engine = engine;
    this.buffers = buffers;
    this.gemm = new Gemm(engine.scratch());
  }

  Step linear(Linear op, Node n, Operand out) {
    Matrix x = rows(buffers.operand(n.in().get(0)));
    Operand bias = buffers.operand(n.in().get(2));
    Epilogue epilogue = new Epilogue.Affine(bias.data(), bias.layout().offset(), op.activation());
    return product(x, n.in().get(1), true, rows(out), epilogue);
  }

  Step matmul(Node n, Operand out) {
    Operand a = buffers.operand(n.in().get(0));
    Shape b = buffers.shape(n.in().get(1));
    if (a.dtype() != DType.F32) {
      return new WideMatMul(engine.workers(), a, buffers.operand(n.in().get(1)), out);
    }
    if (b.rank() == 2) {
      return product(rows(a), n.in().get(1), false, rows(out), Epilogue.NONE);
    }
    return batched(a, buffers.operand(n.in().get(1)), out);
  }

  /** One product, with a right operand of rank 2 that may be a weight. */
  private Step product(Matrix a, int right, boolean transposed, Matrix c, Epilogue epilogue) {
    Optional<Buffers.Weight> weight = buffers.weight(right);
    if (weight.isPresent() && weight.get().complete()) {
      Strided view = weight.get().layout();
      PackedMatrix packed =
          weight.get().value().matrix(transposed ? view.permute(List.of(1, 0)) : view);
      return () -> gemm.multiply(a, packed, c, epilogue);
    }
    Matrix b = Matrix.of(buffers.operand(right));
    Matrix oriented = transposed ? b.transposed() : b;
    return () -> gemm.multiply(a, oriented, c, epilogue);
  }

  private Step batched(Operand a, Operand b, Operand out) {
    Shape batch = out.shape().sub(0, out.shape().rank() - 2);
    long[] atA = offsets(a.layout(), batch);
    long[] atB = offsets(b.layout(), batch);
    long[] atC = offsets(out.layout(), batch);
    Matrix matrixA = first(a);
    Matrix matrixB = first(b);
    Matrix matrixC = first(out);
    return () -> gemm.batched(matrixA, atA, matrixB, atB, matrixC, atC, Epilogue.NONE);
  }

  /** Where each matrix of a batch begins, counted from the first. */
  private static long[] offsets(Strided layout, Shape batch) {
    Shape matrix = layout.shape().sub(layout.shape().rank() - 2, layout.shape().rank());
    List<Long> strides = layout.expand(batch.plus(matrix)).strides();
    long[] offsets = new long[Math.toIntExact(batch.numel())];
    for (int i = 0; i < offsets.length; i++) {
      int left = i;
      for (int axis = batch.rank() - 1; axis >= 0; axis--) {
        offsets[i] += left % batch.dim(axis) * strides.get(axis);
        left /= batch.dim(axis);
      }
    }
    return offsets;
  }

  /** The first matrix of a batch. */
  private static Matrix first(Operand x) {
    Strided l = x.layout();
    int rank = l.shape().rank();
    return Matrix.of(
        x.with(
            new Strided(
                l.shape().sub(rank - 2, rank), l.offset(), l.strides().subList(rank - 2, rank))));
  }

  private static Matrix rows(Operand x) {
    return Matrix.of(x.with(Layouts.rows(x.layout()).orElseThrow()));
  }

  Step conv2d(Conv2d op, Node n, Operand out) {
    Operand x = buffers.operand(n.in().get(0));
    Operand bias = buffers.operand(n.in().get(2));
    ConvKernel kernel = new ConvKernel(engine.scratch());
    Optional<Buffers.Weight> weight = buffers.weight(n.in().get(1));
    if (weight.isPresent() && weight.get().whole()) {
      ConvWeights packed = weight.get().value().convolution();
      return () -> kernel.run(x, packed, bias, op.stride(), op.padding(), out);
    }
    Operand w = buffers.operand(n.in().get(1));
    MemorySegment into = buffers.allocate(ConvWeights.bytes(engine.scratch(), w.shape()));
    ConvWeights packed = new ConvWeights(engine.scratch(), into, w.shape());
    return () -> {
      packed.pack(w);
      kernel.run(x, packed, bias, op.stride(), op.padding(), out);
    };
  }
}
