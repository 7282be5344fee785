package org.jdit.dit.train;

import java.util.List;
import org.jdit.diffusion.loss.TimestepSampler;

/**
 * What a portion of a batch is made of.
 *
 * @param xStart clean images or latents {@code [N, C, H, W]}, row-major
 * @param labels class of each, dropped ones replaced by the null class
 * @param noise standard normal, of the size of {@code xStart}
 * @param times timestep of each and the factor of its loss
 */
@SuppressWarnings("ArrayRecordComponent") // numbers in bulk; nobody compares batches by equals
public record Batch(
    float[] xStart, List<Integer> labels, float[] noise, TimestepSampler.Draw times) {
  /** Copies the list. */
  public Batch {
    labels = List.copyOf(labels);
  }
}
