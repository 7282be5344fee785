package org.jdit.weights;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * Two files, tensor by tensor.
 *
 * @param pairs a comparison for each name in either file
 */
public record Comparison(List<Pair> pairs) {
  /** What became of one name. */
  public sealed interface Pair {
    /** The name of the tensor. */
    String name();
  }

  /**
   * Tensors of the same shape, perhaps of different types.
   *
   * @param name their name
   * @param maxAbs largest |a - b|; 0 if all are equal, infinite if just one of two is NaN
   * @param maxRel that over the largest finite |b|
   * @param at index of the largest difference; empty if there is none
   */
  public record Compared(String name, double maxAbs, double maxRel, List<Integer> at)
      implements Pair {
    /** Whether all elements have equal values. */
    public boolean equal() {
      return maxAbs == 0;
    }
  }

  /**
   * Tensors whose shapes differ.
   *
   * @param name their name
   * @param a the first file's
   * @param b the second file's
   */
  public record Misshapen(String name, Spec a, Spec b) implements Pair {}

  /**
   * A tensor that one file lacks.
   *
   * @param name its name
   * @param fromFirst whether it is the first file that lacks it
   */
  public record Missing(String name, boolean fromFirst) implements Pair {}

  /** Copies the list. */
  public Comparison {
    pairs = List.copyOf(pairs);
  }

  /** Whether both files have the same names, shapes and values. */
  public boolean equal() {
    return pairs.stream().allMatch(p -> p instanceof Compared c && c.equal());
  }

  /** The largest difference of all, 0 if there is none. */
  public double maxAbs() {
    return pairs.stream()
        .mapToDouble(p -> p instanceof Compared c ? c.maxAbs() : 0)
        .max()
        .orElse(0);
  }

  /**
   * Compares two files, one tensor at a time. Two DiT in different layouts are compared under the
   * official names; the arrays of two .npy files, which have no names, with each other.
   *
   * @throws org.jdit.tensor.JditException if a tensor cannot be read
   */
  public static Comparison of(TensorFile a, TensorFile b) {
    Predicate<TensorFile> dit =
        f ->
            ModelKind.of(f) == ModelKind.DIT_OFFICIAL || ModelKind.of(f) == ModelKind.DIT_DIFFUSERS;
    if (dit.test(a) && dit.test(b) && ModelKind.of(a) != ModelKind.of(b)) {
      return of(DitKeys.official(a), DitKeys.official(b));
    }
    if (a instanceof Checkpoint x && b instanceof Checkpoint y && nameless(x) && nameless(y)) {
      return new Comparison(List.of(compare(name(x), x, renamed(y, name(x)))));
    }
    Set<String> names = new LinkedHashSet<>(a.tensors().keySet());
    names.addAll(b.tensors().keySet());
    List<Pair> pairs = new ArrayList<>();
    for (String name : names) {
      pairs.add(compare(name, a, b));
    }
    return new Comparison(pairs);
  }

  private static boolean nameless(Checkpoint file) {
    return file.format() == Checkpoint.Format.NPY;
  }

  private static String name(TensorFile file) {
    return file.tensors().keySet().iterator().next();
  }

  private static TensorFile renamed(TensorFile file, String name) {
    DerivedTensors renamed = new DerivedTensors(file, file.metadata());
    renamed.rename(name(file), name);
    return renamed;
  }

  private static Pair compare(String name, TensorFile a, TensorFile b) {
    Spec x = a.tensors().get(name);
    Spec y = b.tensors().get(name);
    if (x == null || y == null) {
      return new Missing(name, x == null);
    }
    if (!x.shape().equals(y.shape())) {
      return new Misshapen(name, x, y);
    }
    try (TensorScope scope = TensorScope.open(new Memory())) {
      return compare(
          name, Values.rowMajor(a.map(name, scope)), Values.rowMajor(b.map(name, scope)));
    }
  }

  private static Compared compare(String name, Tensor a, Tensor b) {
    boolean integers = !a.dtype().isFloating() && !b.dtype().isFloating();
    double worst = 0;
    double largest = 0;
    long where = -1;
    for (long i = 0; i < a.shape().numel(); i++) {
      double y = Values.at(b, i);
      double difference =
          integers
              ? difference(Values.integerAt(a, i), Values.integerAt(b, i))
              : difference(Values.at(a, i), y);
      if (difference > worst) {
        worst = difference;
        where = i;
      }
      largest = Double.isFinite(y) ? Math.max(largest, Math.abs(y)) : largest;
    }
    double relative = worst == 0 ? 0 : worst / largest;
    return new Compared(name, worst, relative, where < 0 ? List.of() : index(a.shape(), where));
  }

  private static double difference(double x, double y) {
    if (x == y || (Double.isNaN(x) && Double.isNaN(y))) {
      return 0;
    }
    return Double.isNaN(x) || Double.isNaN(y) ? Double.POSITIVE_INFINITY : Math.abs(x - y);
  }

  // A difference of longs takes 64 bits without a sign.
  private static double difference(long x, long y) {
    long d = Math.max(x, y) - Math.min(x, y);
    return d >= 0 ? d : (d >>> 1) * 2.0;
  }

  private static List<Integer> index(Shape shape, long position) {
    Integer[] at = new Integer[shape.rank()];
    long rest = position;
    for (int i = at.length - 1; i >= 0; i--) {
      at[i] = (int) (rest % shape.dim(i));
      rest /= shape.dim(i);
    }
    return List.of(at);
  }
}
