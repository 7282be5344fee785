package org.jdit.tensor.cpu;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.cpu.kernel.ConvWeights;
import org.jdit.tensor.cpu.kernel.Elementwise;
import org.jdit.tensor.cpu.kernel.Matrix;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.cpu.kernel.PackedMatrix;
import org.jdit.tensor.cpu.kernel.StridedCopy;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.program.Role;

/**
 * One PARAM or STATE value in the forms that executables asked for: row-major, or packed for a
 * matrix kernel. The forms are filled when the value is loaded; a value that is only ever a weight
 * has no row-major copy. What is loaded in two bytes an element is packed in two, and what bytes
 * with a scale for each column hold in one; the other forms hold the same numbers in the type of
 * the Program.
 */
final class ResidentValue implements AutoCloseable {
  private record ConvForm(ConvWeights weight, Memory.Slab slab) {}

  private final Engine engine;
  private final Role role;
  private final Spec spec;
  private final Map<Strided, PackedMatrix> matrices = new LinkedHashMap<>();
  private ConvForm convolution;
  private Memory.Slab plain;
  private DType stored;
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
    PackedMatrix known = matrices.get(layout);
    if (known == null) {
      Shape s = layout.shape();
      known = new PackedMatrix(engine.scratch(), engine.memory(), s.dim(0), s.dim(1));
      if (loaded) {
        pack(plain(), layout, known);
      }
      matrices.put(layout, known);
    }
    return known;
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

  private void pack(Operand from, Strided view, PackedMatrix form) {
    Strided layout =
        new Strided(view.shape(), view.offset() + from.layout().offset(), view.strides());
    form.pack(Matrix.of(from.with(layout)), stored);
  }

  /** Fills every form from a value that {@link Spec#holds} allows. */
  void load(Tensor value) {
    if (matrices.isEmpty() && convolution == null) {
      // Wanted in no other form, if only to be read back.
      plain();
    }
    stored = value.dtype();
    Value.Concrete c = value.concrete();
    // Files may hold elements at any byte; the kernels take aligned ones.
    boolean aligned = c.data().isNative() && c.data().address() % spec.dtype().bytes() == 0;
    if (c.layout().isContiguous() && aligned && stored == spec.dtype()) {
      fill(new Operand(c.data(), value.dtype(), c.layout()));
      return;
    }
    try (Memory.Slab copy = engine.memory().allocate(spec.bytes())) {
      if (stored == spec.dtype()) {
        Elements.copy(value, copy.segment(), stored);
      } else {
        widen(new Operand(c.data(), stored, c.layout()), rowMajor(copy));
      }
      fill(rowMajor(copy));
    }
  }

  private void widen(Operand from, Operand to) {
    Cast cast = new Cast(to.dtype());
    try (Arena arena = Arena.ofConfined()) {
      Elementwise.of(engine.workers(), arena, engine.registers(), cast, List.of(from), to).run();
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
      Map.Entry<Strided, PackedMatrix> any = matrices.entrySet().iterator().next();
      Strided view = any.getKey();
      Strided layout =
          new Strided(view.shape(), view.offset() + to.layout().offset(), view.strides());
      any.getValue().unpack(Matrix.of(to.with(layout)));
    }
  }

  private Operand rowMajor(Memory.Slab slab) {
    return Operand.contiguous(slab.segment(), spec.dtype(), spec.shape());
  }

  long bytes() {
    long bytes = plain == null ? 0 : plain.segment().byteSize();
    for (PackedMatrix m : matrices.values()) {
      bytes += m.bytes();
    }
    return bytes + (convolution == null ? 0 : convolution.slab().segment().byteSize());
  }

  @Override
  public void close() {
    loaded = false;
    if (plain != null) {
      plain.close();
    }
    matrices.values().forEach(PackedMatrix::close);
    if (convolution != null) {
      convolution.slab().close();
    }
  }
}
