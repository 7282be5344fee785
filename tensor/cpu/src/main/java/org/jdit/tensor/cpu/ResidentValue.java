package org.jdit.tensor.cpu;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.cpu.kernel.ConvWeights;
import org.jdit.tensor.cpu.kernel.Matrix;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.cpu.kernel.PackedMatrix;
import org.jdit.tensor.cpu.kernel.StridedCopy;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.program.Role;

/**
 * One PARAM or STATE value in the forms that executables asked for: row-major, or packed for a
 * matrix kernel. A form's buffer is allocated when it is asked for and filled when the value is
 * loaded; a value that is only ever a weight has no row-major copy.
 */
final class ResidentValue implements AutoCloseable {
  private record PackedForm(PackedMatrix weight, Memory.Slab slab) {}

  private record ConvForm(ConvWeights weight, Memory.Slab slab) {}

  private final Engine engine;
  private final Role role;
  private final Spec spec;
  private final Map<Strided, PackedForm> matrices = new LinkedHashMap<>();
  private ConvForm convolution;
  private Memory.Slab plain;
  private boolean loaded;

  ResidentValue(Engine engine, Role role, Spec spec) {
    this.engine = engine;
    this.role = role;
    this.spec = spec;
  }

  Role role() {
    return role;
  }

  Spec spec() {
    return spec;
  }

  boolean loaded() {
    return loaded;
  }

  /** The value, row-major. */
  Operand plain() {
    if (plain == null) {
      Memory.Slab slab = engine.memory().allocate(spec.bytes());
      if (loaded) {
        readInto(rowMajor(slab));
      }
      plain = slab;
    }
    return rowMajor(plain);
  }

  /** The value as the right operand of matrix products, {@code layout} being its rank-2 view. */
  PackedMatrix matrix(Strided layout) {
    PackedForm known = matrices.get(layout);
    if (known == null) {
      int rows = layout.shape().dim(0);
      int cols = layout.shape().dim(1);
      Memory.Slab slab = engine.memory().allocate(PackedMatrix.bytes(engine.scratch(), rows, cols));
      known = new PackedForm(new PackedMatrix(engine.scratch(), slab.segment(), rows, cols), slab);
      if (loaded) {
        pack(plain(), layout, known);
      }
      matrices.put(layout, known);
    }
    return known.weight();
  }

  /** The value as the weights of convolutions. */
  ConvWeights convolution() {
    if (convolution == null) {
      Memory.Slab slab =
          engine.memory().allocate(ConvWeights.bytes(engine.scratch(), spec.shape()));
      ConvForm form =
          new ConvForm(new ConvWeights(engine.scratch(), slab.segment(), spec.shape()), slab);
      if (loaded) {
        form.weight().pack(plain());
      }
      convolution = form;
    }
    return convolution.weight();
  }

  private void pack(Operand from, Strided view, PackedForm form) {
    Strided layout =
        new Strided(view.shape(), view.offset() + from.layout().offset(), view.strides());
    form.weight().pack(Matrix.of(from.with(layout)));
  }

  /** Fills every form. */
  void load(Tensor value) {
    if (matrices.isEmpty() && convolution == null) {
      // Wanted in no other form, if only to be read back.
      plain();
    }
    Value.Concrete c = value.concrete();
    // Files may hold elements at any byte; the kernels take aligned ones.
    boolean aligned = c.data().isNative() && c.data().address() % spec.dtype().bytes() == 0;
    if (c.layout().isContiguous() && aligned) {
      fill(new Operand(c.data(), value.dtype(), c.layout()));
      return;
    }
    try (Memory.Slab copy = engine.memory().allocate(spec.bytes())) {
      Elements.copy(value, copy.segment(), spec.dtype());
      fill(rowMajor(copy));
    }
  }

  private void fill(Operand from) {
    if (plain != null) {
      new StridedCopy(engine.workers(), from, rowMajor(plain)).run();
    }
    matrices.forEach((view, form) -> pack(from, view, form));
    if (convolution != null) {
      convolution.weight().pack(from);
    }
    loaded = true;
  }

  /** Copies the value, row-major. */
  void readInto(Operand to) {
    if (plain != null) {
      new StridedCopy(engine.workers(), rowMajor(plain), to).run();
    } else if (convolution != null) {
      convolution.weight().unpack(to);
    } else {
      Map.Entry<Strided, PackedForm> any = matrices.entrySet().iterator().next();
      Strided view = any.getKey();
      Strided layout =
          new Strided(view.shape(), view.offset() + to.layout().offset(), view.strides());
      any.getValue().weight().unpack(Matrix.of(to.with(layout)));
    }
  }

  private Operand rowMajor(Memory.Slab slab) {
    return Operand.contiguous(slab.segment(), spec.dtype(), spec.shape());
  }

  long bytes() {
    long bytes = plain == null ? 0 : plain.segment().byteSize();
    for (PackedForm f : matrices.values()) {
      bytes += f.slab().segment().byteSize();
    }
    return bytes + (convolution == null ? 0 : convolution.slab().segment().byteSize());
  }

  @Override
  public void close() {
    loaded = false;
    if (plain != null) {
      plain.close();
    }
    matrices.values().forEach(f -> f.slab().close());
    if (convolution != null) {
      convolution.slab().close();
    }
  }
}
