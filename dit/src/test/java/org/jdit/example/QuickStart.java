package org.jdit.example;

import java.nio.file.Path;
import java.util.Map;
import org.jdit.dit.sample.DitPipeline;
import org.jdit.dit.sample.Listener;
import org.jdit.dit.sample.Model;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.dit.sample.Samples;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Backends;

/** The library quick start of the README, word for word. */
final class QuickStart {
  private QuickStart() {}

  // [sample]
  static void sample(Path checkpoint, Path vae, Path png) {
    try (Backend backend = Backends.cpu();
        Model model = Model.open(checkpoint, vae);
        DitPipeline pipeline = new DitPipeline(backend, model)) {
      SampleRequest request = SampleRequest.of(1, 7, 3).with("ddim", "25").withSeed(42);
      Samples samples = pipeline.sample(request, Listener.NONE);
      samples.writePng(png, Map.of("seed", "42"));
    }
  }

  // [sample]

  // [gradient]
  static double[] gradient() {
    try (Backend backend = Backends.cpu();
        TensorScope scope = backend.openScope()) {
      Tensor x = scope.of(Shape.of(2, 2), 1f, 2f, 3f, 4f);
      Tensor w = scope.of(Shape.of(2, 2), 1f, 0f, 0f, -1f);
      var loss = Autodiff.valueAndGrad(in -> in.get(0).matmul(in.get(1)).gelu().sum(), x, w);
      return loss.gradients().get(1).toDoubles(); // d loss / d w
    }
  }
  // [gradient]
}
