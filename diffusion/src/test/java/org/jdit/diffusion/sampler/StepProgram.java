package org.jdit.diffusion.sampler;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Trace;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.ReferenceBackend;

/**
 * A sampler's step, traced and compiled once on the reference backend around the analytic network
 * of the recorded traces; the image and the history stay resident.
 */
final class StepProgram implements AutoCloseable {
  private final ReferenceBackend backend = ReferenceBackend.rounding();
  private final Resident resident = backend.newResident();
  private final Spec image;
  private final int history;
  private final Executable executable;

  StepProgram(Sampler sampler, Shape shape, boolean learnedVariance) {
    image = new Spec(shape, DType.F32);
    history = sampler.history();
    int columns = sampler.coefficients(0).length;
    executable =
        backend.compile(
            Program.trace(
                t -> {
                  Sampler.State next =
                      sampler.step(
                          (x, timestep) -> network(x, timestep, learnedVariance),
                          new Sampler.State(t.state("x", image), histories(t)),
                          t.input("timestep", Spec.f32(1, 1, 1, 1)),
                          t.input("coefficients", Spec.f32(1, columns, 1, 1)),
                          t.input("noise", image));
                  t.update("x", next.x());
                  for (int i = 0; i < history; i++) {
                    t.update("history." + i, next.history().get(i));
                  }
                  t.output("x", next.x());
                }),
            resident);
  }

  private List<Tensor> histories(Trace t) {
    List<Tensor> all = new ArrayList<>();
    for (int i = 0; i < history; i++) {
      all.add(t.state("history." + i, image));
    }
    return all;
  }

  private static Tensor network(Tensor x, Tensor timestep, boolean learnedVariance) {
    Tensor u = timestep.mul(0.001);
    Tensor eps = x.mul(u).add(u.mul(7).sin().mul(0.1));
    return learnedVariance ? Tensor.concat(1, eps, x.mul(0.25)) : eps;
  }

  void start(float... x) {
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      resident.load("x", scope.of(image.shape(), x));
      for (int i = 0; i < history; i++) {
        resident.load("history." + i, scope.zeros(image));
      }
    }
  }

  float[] run(double timestep, float[] coefficients, float[] noise) {
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> inputs = new HashMap<>();
      inputs.put("timestep", scope.of(Shape.of(1, 1, 1, 1), (float) timestep));
      inputs.put("coefficients", scope.of(Shape.of(1, coefficients.length, 1, 1), coefficients));
      inputs.put("noise", scope.of(image.shape(), noise));
      return executable.run(inputs, scope).get("x").toFloats();
    }
  }

  @Override
  public void close() {
    executable.close();
    resident.close();
    backend.close();
  }
}
