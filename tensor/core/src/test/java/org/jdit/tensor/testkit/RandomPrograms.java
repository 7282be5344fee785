package org.jdit.tensor.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Trace;

/**
 * Random Programs of smooth operations on matrices: values used several times, never and as
 * outputs, equal nodes, views of views, nodes with several results, calls within calls, state.
 */
public final class RandomPrograms {
  private final Random random;

  private RandomPrograms(long seed) {
    random = new Random(seed);
  }

  /** A Program whose first output, {@code "loss"}, is a scalar. */
  public static Program program(long seed) {
    return new RandomPrograms(seed).program(12, 2, true);
  }

  /** Values within ±1 for all inputs. */
  public static Map<String, double[]> values(Program p, long seed) {
    Random random = new Random(seed);
    Map<String, double[]> values = new HashMap<>();
    p.inputs()
        .forEach(
            i ->
                values.put(
                    i.name(), random.doubles(p.spec(i.id()).shape().numel(), -1, 1).toArray()));
    return values;
  }

  private Program program(int nodes, int depth, boolean outermost) {
    return Program.trace(
        t -> {
          List<Tensor> known = new ArrayList<>();
          known.add(t.input("x", Spec.f32(3, 4)));
          known.add(t.input("y", Spec.f32(4, 3)));
          known.add(t.param("w", Spec.f32(4, 4)));
          if (outermost) {
            known.add(t.state("s", Spec.f32(3, 4)));
          }
          Program callee = depth > 0 ? program(5, depth - 1, false) : null;
          for (int i = 0; i < nodes; i++) {
            step(t, known, callee);
          }
          Tensor loss = known.getLast().mul(known.get(random.nextInt(known.size())).mean()).sum();
          t.output("loss", loss);
          t.output("last", known.getLast());
          t.output("some", any(known));
          if (outermost) {
            t.update("s", fitted(any(known), Shape.of(3, 4)));
            t.commitWhen(loss.lt(loss.fill(Shape.SCALAR, 0)));
          }
        });
  }

  private Tensor any(List<Tensor> known) {
    return known.get(random.nextInt(known.size()));
  }

  private void step(Trace t, List<Tensor> known, Program callee) {
    Tensor a = any(known);
    int rows = a.dim(0);
    int columns = a.dim(1);
    switch (random.nextInt(callee == null ? 14 : 16)) {
      case 0 -> known.add(a.tanh());
      case 1 -> known.add(a.sin().mul(a.cos()));
      case 2 -> known.add(a.t());
      case 3 -> known.add(a.gelu());
      case 4 -> known.add(a.softmax().add(a.silu()));
      case 5 -> known.addAll(Tensor.applyAll(new LayerNorm(0.1), a).subList(0, 1));
      case 6 ->
          known.add(a.slice(0, 0, Math.max(1, rows - 1)).pad(0, 0, rows - Math.max(1, rows - 1)));
      case 7 -> known.add(a.sum(1).unsqueeze(-1).expand(a.shape()).mul(0.3));
      case 8 -> known.add(Tensor.concat(1, a, a.neg()).slice(1, columns / 2, columns));
      case 9 -> known.add(a.reshape(columns, rows));
      case 10 -> known.add(a.matmul(fitted(any(known), Shape.of(columns, 4))).mul(0.5));
      case 11 -> {
        Tensor b = fitted(any(known), a.shape());
        known.add(a.mul(b));
        known.add(a.mul(b).add(a.sub(b)));
      }
      case 12 -> known.add(a.fill(a.shape(), 0.5).sub(a));
      case 13 -> {
        Tensor b = a.mul(0.7);
        known.add(Tensor.concat(0, b, a, a.neg(), b).slice(0, rows / 2, 3 * rows));
        known.add(b.t());
      }
      default -> {
        List<Tensor> in =
            List.of(
                fitted(any(known), Shape.of(3, 4)),
                fitted(any(known), Shape.of(4, 3)),
                fitted(any(known), Shape.of(4, 4)));
        List<Tensor> out = t.apply(new Call(callee), in);
        known.add(out.get(1).tanh());
        known.add(out.get(2).mul(0.1));
      }
    }
  }

  /** Something of a wanted shape made from {@code a}: a corner, or zeros around it. */
  private static Tensor fitted(Tensor a, Shape to) {
    Tensor b = a;
    for (int axis = 0; axis < 2; axis++) {
      int have = b.dim(axis);
      int want = to.dim(axis);
      b = have > want ? b.slice(axis, have - want, want) : b.pad(axis, want - have, 0);
    }
    return b;
  }
}
