package org.jdit.tensor.cpu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.cpu.kernel.EveryWidth;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Trace;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random Programs of views, chains, reductions and products: what one test per operation cannot
 * see, namely slots that are reused too early, views of the wrong buffer, chains cut wrongly.
 */
@EveryWidth
class CpuRandomProgramTest {
  private static final int NODES = 40;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void everyValueOfARandomProgramIsTheOracles(long seed) {
    Random random = new Random(seed);
    Program p = Program.trace(t -> record(t, random));
    Map<String, double[]> at = new HashMap<>();
    p.inputs()
        .forEach(
            i -> {
              double[] x = random.doubles(p.spec(i.id()).shape().numel(), -1, 1).toArray();
              at.put(
                  i.name(), IntStream.range(0, x.length).mapToDouble(j -> (float) x[j]).toArray());
            });
    Map<String, double[]> expected = ReferenceBackend.evaluate(p, at);
    try (CpuBackend backend = new CpuBackend(2);
        TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      Map<String, Tensor> inputs = new HashMap<>();
      p.inputs().forEach(i -> inputs.put(i.name(), scope.of(p.spec(i.id()), at.get(i.name()))));
      resident.missing().forEach(name -> resident.load(name, inputs.remove(name)));
      // The second run finds every slot full of old numbers.
      for (int run = 0; run < 2; run++) {
        Map<String, Tensor> results = executable.run(inputs, scope);
        // Values stay within 1 in size; at most 40 operations round one after the other.
        expected.forEach(
            (name, y) -> new Tolerance(1e-5, 1e-5).assertClose(name, results.get(name), y));
      }
    }
  }

  private static void record(Trace t, Random random) {
    List<Tensor> values = new ArrayList<>();
    values.add(t.input("a", Spec.f32(3, 5, 8)));
    values.add(t.input("b", Spec.f32(6, 20)));
    values.add(t.param("c", Spec.f32(2, 1, 7)));
    values.add(t.state("d", Spec.f32(40, 3)));
    for (int i = 0; i < NODES; i++) {
      Tensor x = values.get(random.nextInt(values.size()));
      Tensor y = step(t, x, values, i, random);
      values.add(y);
      // Most values stay inside, so that their slots are free to be used again.
      if (random.nextInt(6) == 0) {
        t.output("y" + i, y);
      }
    }
    t.output("last", values.getLast());
  }

  private static Tensor step(Trace t, Tensor x, List<Tensor> values, int i, Random random) {
    int axis = random.nextInt(x.shape().rank());
    return switch (random.nextInt(14)) {
      case 0 -> x.permute(order(x.shape().rank(), random));
      case 1 -> x.reshape(-1, x.dim(-1));
      case 2 -> {
        int length = 1 + random.nextInt(x.dim(axis));
        yield x.slice(axis, random.nextInt(x.dim(axis) - length + 1), length);
      }
      case 3 -> x.unsqueeze(axis).expand(stretched(x.shape(), axis)).mul(0.5);
      case 4 -> x.tanh();
      case 5 -> x.mul(0.5).add(sameShape(x, values, random).mul(0.5));
      case 6 -> x.sub(sameShape(x, values, random)).mul(0.5);
      case 7 -> x.mean(axis);
      case 8 -> x.max(axis);
      case 9 -> Tensor.concat(axis, x, x.neg()).slice(axis, axis % 2, x.dim(axis));
      case 10 -> x.pad(axis, 1, 0).slice(axis, 0, x.dim(axis)).abs();
      case 11 -> x.reshape(-1, x.dim(-1)).softmax();
      case 12 -> {
        int width = x.dim(-1);
        Tensor w = t.param("w" + i, Spec.f32(5, width)).mul(1.0 / width);
        yield x.linear(w, t.param("v" + i, Spec.f32(5)).mul(0.1), Linear.Activation.GELU).tanh();
      }
      default -> {
        Tensor rows = x.reshape(-1, x.dim(-1));
        yield rows.matmul(rows.t()).mul(1.0 / x.dim(-1)).slice(1, 0, 1);
      }
    };
  }

  private static Tensor sameShape(Tensor x, List<Tensor> values, Random random) {
    List<Tensor> same = values.stream().filter(v -> v.shape().equals(x.shape())).toList();
    return same.get(random.nextInt(same.size()));
  }

  private static Shape stretched(Shape s, int axis) {
    List<Integer> d = new ArrayList<>(s.dims());
    // Small enough that forty steps do not explode.
    d.add(axis, s.numel() > 500 ? 1 : 3);
    return new Shape(d);
  }

  private static int[] order(int rank, Random random) {
    List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.shuffle(axes, random);
    return axes.stream().mapToInt(Integer::intValue).toArray();
  }
}
