package org.jdit.tensor.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Interpreter;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.View;

/**
 * The lexical lifetime of concrete tensors: all that was made in a scope is freed when it closes,
 * and handles used afterwards throw. A scope opened with an evaluator also runs operations on its
 * tensors at once (eager mode). For one thread.
 */
public final class TensorScope implements Interpreter, AutoCloseable {
  private static final long CHUNK = 1 << 20;

  /** Runs one operation on concrete tensors, with results in a scope. */
  @FunctionalInterface
  public interface Evaluator {
    /** Applies {@code op} to {@code in}; the results belong to {@code scope}. */
    List<Tensor> run(Op op, List<Tensor> in, TensorScope scope);
  }

  private final Memory memory;
  private final Evaluator evaluator;
  private final List<AutoCloseable> owned = new ArrayList<>();
  private MemorySegment chunk = MemorySegment.NULL;
  private long used;

  private TensorScope(Memory memory, Evaluator evaluator) {
    this.memory = memory;
    this.evaluator = evaluator;
  }

  /** A scope that holds tensors; operations on them are refused. */
  public static TensorScope open(Memory memory) {
    return new TensorScope(
        memory,
        (op, _, _) -> {
          throw new IllegalStateException(
              op.name() + " on tensors of a scope without a backend; open the scope on a backend");
        });
  }

  /** A scope that holds tensors and runs operations on them. */
  public static TensorScope open(Memory memory, Evaluator evaluator) {
    return new TensorScope(memory, evaluator);
  }

  /** The source of this scope's memory. */
  public Memory memory() {
    return memory;
  }

  /** An inner scope with the same memory and evaluator. */
  public TensorScope inner() {
    return new TensorScope(memory, evaluator);
  }

  /** A float32 tensor of the given elements, row-major. */
  public Tensor of(Shape shape, float... elements) {
    Tensor t = zeros(new Spec(shape, DType.F32));
    checkCount(shape, elements.length);
    MemorySegment.copy(
        MemorySegment.ofArray(elements), 0, t.concrete().data(), 0, elements.length * 4L);
    return t;
  }

  /** An int64 tensor of the given elements, row-major. */
  public Tensor of(Shape shape, long... elements) {
    Tensor t = zeros(new Spec(shape, DType.I64));
    checkCount(shape, elements.length);
    MemorySegment.copy(
        MemorySegment.ofArray(elements), 0, t.concrete().data(), 0, elements.length * 8L);
    return t;
  }

  /** A tensor of any type with the given elements, row-major, converted to it. */
  public Tensor of(Spec spec, double... elements) {
    Tensor t = zeros(spec);
    checkCount(spec.shape(), elements.length);
    for (int i = 0; i < elements.length; i++) {
      Elements.set(t.concrete().data(), spec.dtype(), i, elements[i]);
    }
    return t;
  }

  private static void checkCount(Shape shape, int count) {
    if (shape.numel() != count) {
      throw new IllegalArgumentException(count + " elements for a tensor of shape " + shape);
    }
  }

  /** A zero-filled tensor, row-major, 64-byte aligned. */
  public Tensor zeros(Spec spec) {
    return wrap(allocate(spec.bytes()), spec.dtype(), Strided.contiguous(spec.shape()));
  }

  /** A row-major copy of {@code t} in this scope, converted to {@code dtype}. */
  public Tensor copy(Tensor t, DType dtype) {
    Tensor c = zeros(new Spec(t.shape(), dtype));
    Elements.copy(t, c.concrete().data(), dtype);
    return c;
  }

  /** Moves a tensor to this scope (as a copy), so that it outlives the one it was made in. */
  public Tensor keep(Tensor t) {
    return copy(t, t.dtype());
  }

  /** A handle on memory that lives at least as long as this scope; nothing is copied. */
  public Tensor wrap(MemorySegment data, DType dtype, Strided layout) {
    return new Tensor(new Spec(layout.shape(), dtype), new Value.Concrete(data, layout), this);
  }

  /** An arena that closes with this scope, for mapped files. */
  public Arena arena() {
    Arena arena = Arena.ofShared();
    owned.add(arena);
    return arena;
  }

  private MemorySegment allocate(long bytes) {
    if (bytes > CHUNK / 4) {
      Memory.Slab slab = memory.allocate(bytes);
      owned.add(slab);
      return slab.segment().asSlice(0, bytes);
    }
    if (used + bytes > chunk.byteSize()) {
      Memory.Slab slab = memory.allocate(CHUNK);
      owned.add(slab);
      chunk = slab.segment();
      used = 0;
    }
    MemorySegment m = chunk.asSlice(used, bytes);
    used += (bytes + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
    return m;
  }

  @Override
  public List<Tensor> apply(Op op, List<Tensor> in) {
    if (op instanceof View view) {
      Tensor t = in.getFirst();
      Spec result = op.infer(List.of(t.spec())).getFirst();
      Value.Concrete c = t.concrete();
      var layout = view.view(c.layout());
      if (layout.isPresent()) {
        return List.of(wrap(c.data(), result.dtype(), layout.get()));
      }
    }
    return evaluator.run(op, in, this);
  }

  @Override
  public void close() {
    RuntimeException failure = null;
    for (AutoCloseable o : owned.reversed()) {
      try {
        o.close();
      } catch (Exception e) {
        failure = new IllegalStateException("cannot free the memory of a scope", e);
      }
    }
    owned.clear();
    chunk = MemorySegment.NULL;
    if (failure != null) {
      throw failure;
    }
  }
}
