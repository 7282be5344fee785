package org.jdit.tensor.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.program.Fusion;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.tornado.kernel.ChainKernel;
import org.junit.jupiter.api.Test;

/** Chains of element-wise operations have the bits of the single operations. */
class ChainsTest {
  /** Random operations on what there is, and views of it. */
  private static Tensor random(Random random, Tensor x, Tensor row, Tensor column) {
    List<Tensor> known = new ArrayList<>(List.of(x, row, column));
    for (int i = 0; i < 20; i++) {
      Tensor a = known.get(random.nextInt(known.size()));
      Tensor b = known.get(random.nextInt(known.size()));
      known.add(
          switch (random.nextInt(12)) {
            case 0 -> a.tanh();
            case 1 -> a.mul(0.3);
            case 2 -> a.add(-0.7);
            case 3 -> a.silu();
            case 4 -> a.gelu();
            case 5 -> a.clamp(-1, 1);
            case 6 -> a.abs();
            case 7 -> a.maximum(b);
            case 8 -> a.sub(b);
            case 9 -> a.mul(b);
            case 10 -> a.expand(x.shape()).reshape(x.dim(1), x.dim(0)).t();
            default -> a.add(b);
          });
    }
    Tensor sum = x;
    for (Tensor t : known) {
      sum = sum.add(t);
    }
    return sum;
  }

  @Test
  void chainsGiveTheBitsOfSingleOperations() {
    try (TornadoBackend backend =
            (TornadoBackend) new TornadoBackendProvider().open(BackendOptions.DEFAULT);
        TensorScope scope = backend.openScope()) {
      for (int seed = 0; seed < 3; seed++) {
        Random values = new Random(seed);
        Tensor x = gaussian(scope, values, Shape.of(9, 7));
        Tensor row = gaussian(scope, values, Shape.of(1, 7));
        Tensor column = gaussian(scope, values, Shape.of(9, 1));
        int s = seed;
        Program together =
            Program.trace(
                t ->
                    t.output(
                        "y",
                        random(
                            new Random(s),
                            t.input("x", x.spec()),
                            t.input("row", row.spec()),
                            t.input("column", column.spec()))));
        assertThat(Fusion.of(together, new ChainKernel()).nodes())
            .anyMatch(n -> n.op() instanceof Call);
        try (Resident none = backend.newResident();
            Executable e = backend.compile(together, none)) {
          Tensor y = e.run(Map.of("x", x, "row", row, "column", column), scope).get("y");
          assertThat(y.toFloats()).isEqualTo(random(new Random(s), x, row, column).toFloats());
        }
      }
    }
  }

  private static Tensor gaussian(TensorScope scope, Random random, Shape shape) {
    float[] values = new float[(int) shape.numel()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return scope.of(shape, values);
  }
}
