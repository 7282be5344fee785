package org.jdit.dit.sample;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.JditException;

/**
 * What to sample. The defaults are those of the official sample.py.
 *
 * @param labels class of each image
 * @param sampler a name of {@link org.jdit.diffusion.sampler.Samplers}
 * @param steps number of sampling steps, or a respacing text for ddpm and ddim
 * @param eta noise of ddim, 0 to 1
 * @param guidance towards the classes
 * @param seed of torch's CPU generator
 * @param batch images that the network sees at once; 0 for all. What an image looks like does not
 *     depend on it
 */
public record SampleRequest(
    List<Integer> labels,
    String sampler,
    String steps,
    double eta,
    Guidance guidance,
    long seed,
    int batch) {
  /**
   * Checks the request.
   *
   * @throws JditException if there is no label, or a number is out of its range
   */
  public SampleRequest {
    labels = List.copyOf(labels);
    if (labels.isEmpty()) {
      throw new JditException("no class label is given, so there is nothing to sample");
    }
    if (batch < 0) {
      throw new JditException("a batch of " + batch + " images: give 1 or more, or 0 for all");
    }
    if (!(eta >= 0 && eta <= 1)) {
      throw new JditException("eta is from 0 to 1, not " + eta);
    }
  }

  /** Images of these classes: 250 steps of ddpm, guidance scale 4, seed 0. */
  public static SampleRequest of(Integer... labels) {
    return new SampleRequest(Arrays.asList(labels), "ddpm", "250", 0, Guidance.ofScale(4), 0, 0);
  }

  /** The same request with another sampler and number of steps. */
  public SampleRequest with(String otherSampler, String otherSteps) {
    return new SampleRequest(labels, otherSampler, otherSteps, eta, guidance, seed, batch);
  }

  /** The same request with another seed. */
  public SampleRequest withSeed(long other) {
    return new SampleRequest(labels, sampler, steps, eta, guidance, other, batch);
  }

  /** The same request with other guidance. */
  public SampleRequest with(Guidance other) {
    return new SampleRequest(labels, sampler, steps, eta, other, seed, batch);
  }

  /** The same request with so much guidance at all timesteps. */
  public SampleRequest withGuidance(double scale) {
    return with(Guidance.ofScale(scale));
  }

  /** The same request with so many images at once. */
  public SampleRequest withBatch(int images) {
    return new SampleRequest(labels, sampler, steps, eta, guidance, seed, images);
  }

  /** How many images the network sees at once. */
  int chunk() {
    return batch == 0 ? labels.size() : Math.min(batch, labels.size());
  }
}
