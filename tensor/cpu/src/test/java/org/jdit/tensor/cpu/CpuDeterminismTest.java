package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.cpu.kernel.EveryWidth;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.GroupNorm;
import org.jdit.tensor.op.LayerNormModulate;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.Test;

/** Results do not depend on the number of threads, on the run, or on what Java has compiled. */
@EveryWidth
class CpuDeterminismTest {
  private static final int WIDTH = 207;

  /**
   * A transformer block and a convolution with every fused kernel, large enough to be shared out.
   */
  private static Program network() {
    Program forward =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(2, 65, WIDTH));
              Tensor c = t.input("c", Spec.f32(2, WIDTH)).silu();
              Tensor norm = Tensor.apply(new LayerNormModulate(1e-6), x, c, c);
              Tensor h =
                  norm.linear(
                      t.param("w1", Spec.f32(3 * WIDTH, WIDTH)),
                      t.param("b1", Spec.f32(3 * WIDTH)),
                      Linear.Activation.GELU);
              List<Tensor> qkv =
                  h.chunk(3, -1).stream()
                      .map(s -> s.reshape(2, 65, 9, 23).permute(0, 2, 1, 3))
                      .toList();
              Tensor a = qkv.get(0).attention(qkv.get(1), qkv.get(2), 0.2);
              Tensor y =
                  Tensor.apply(
                      new GateResidual(), x, c, a.permute(0, 2, 1, 3).reshape(2, 65, WIDTH));
              Tensor image = y.slice(2, 0, 200).reshape(2, 4, 65, 50);
              Tensor conv =
                  image.conv2d(
                      t.param("w2", Spec.f32(8, 4, 3, 3)), t.param("b2", Spec.f32(8)), 1, 1);
              Tensor g =
                  Tensor.apply(
                      new GroupNorm(2, 1e-6, true),
                      conv,
                      t.param("w3", Spec.f32(8)),
                      t.param("b3", Spec.f32(8)));
              t.output("loss", g.square().mean().add(y.softmax().exp().mean()));
            });
    return Autodiff.valueAndGrad(forward, List.of("x", "c", "w1", "b1", "w2", "w3"));
  }

  @Test
  void threadsAndRunsAndCompilationChangeNoBit() {
    Program p = network();
    Map<String, float[]> first = results(p, 1, 1).getFirst();
    // By the last of these runs Java has compiled the loops that the first one interpreted.
    List<Map<String, float[]>> others =
        List.of(
            results(p, 1, 12).getLast(), results(p, 2, 2).getLast(), results(p, 3, 2).getLast());
    for (Map<String, float[]> other : others) {
      first.forEach((name, y) -> assertThat(other.get(name)).as(name).isEqualTo(y));
    }
  }

  private static List<Map<String, float[]>> results(Program p, int threads, int runs) {
    Random random = new Random(1);
    try (CpuBackend backend = new CpuBackend(threads);
        TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      Map<String, Tensor> inputs = new HashMap<>();
      p.inputs()
          .forEach(
              i -> {
                Spec spec = p.spec(i.id());
                double[] x = random.doubles(spec.shape().numel(), -0.5, 0.5).toArray();
                inputs.put(i.name(), scope.of(spec, x));
              });
      resident.missing().forEach(name -> resident.load(name, inputs.remove(name)));
      List<Map<String, float[]>> all = new ArrayList<>();
      for (int i = 0; i < runs; i++) {
        Map<String, float[]> now = new HashMap<>();
        executable.run(inputs, scope).forEach((name, y) -> now.put(name, y.toFloats()));
        all.add(now);
      }
      return all;
    }
  }
}
