package org.jdit.dit.sample;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jdit.diffusion.ClassifierFreeGuidance;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.sampler.Sampler;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.TimestepFeatures;
import org.jdit.nn.Weights;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.program.Program;

/**
 * One step of sampling as a Program: the network under guidance, then the sampler's update. All
 * that changes from step to step is an input.
 *
 * @param config the network
 * @param sampler the way to sample
 * @param n images at once
 * @param guidedChannels channels under guidance; empty to sample without
 */
record DenoiseStep(DiTConfig config, Sampler sampler, int n, OptionalInt guidedChannels) {
  static final String X = "x";
  static final String TIME = "t";
  static final String LABELS = "y";
  static final String COEFFICIENTS = "coefficients";
  static final String NOISE = "noise";
  static final String SCALE = "scale";

  static String history(int i) {
    return "history." + i;
  }

  /** Rows that the network sees: under guidance each image with its class and with none. */
  int rows() {
    return guidedChannels.isPresent() ? 2 * n : n;
  }

  Program program() {
    Spec latents = DiT.input(config, n);
    return Program.trace(
        t -> {
          Tensor time = t.input(TIME, TimestepFeatures.spec(n));
          Tensor labels = t.input(LABELS, Spec.i64(rows()));
          DiT model = new DiT(config, Weights.params(t));
          Denoiser denoiser = model.denoiser(labels);
          if (guidedChannels.isPresent()) {
            Tensor scale = t.input(SCALE, new Spec(Shape.SCALAR, latents.dtype()));
            denoiser =
                new ClassifierFreeGuidance(guidedChannels.getAsInt())
                    .over(model.pairDenoiser(labels), scale);
          }
          List<Tensor> history = new ArrayList<>();
          for (int i = 0; i < sampler.history(); i++) {
            history.add(t.input(history(i), latents));
          }
          Sampler.State next =
              sampler.step(
                  denoiser,
                  new Sampler.State(t.input(X, latents), history),
                  time,
                  t.input(COEFFICIENTS, Spec.f32(1, sampler.coefficients(0).length, 1, 1)),
                  t.input(NOISE, latents));
          t.output(X, next.x());
          for (int i = 0; i < sampler.history(); i++) {
            t.output(history(i), next.history().get(i));
          }
        });
  }
}
