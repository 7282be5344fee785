package org.jdit.diffusion;

import java.util.List;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * The numbers of a schedule at the timestep of each image. They are looked up on the host ({@link
 * NoiseSchedule#rows}) and enter a Program as an input, so that one Program serves all timesteps.
 *
 * @param rows {@code [N, quantities, 1, 1]}, or one row that holds for all images
 */
public record Coefficients(Tensor rows) {
  private static final List<Quantity> COLUMNS = List.of(Quantity.values());

  /** The spec of the input for {@code images} rows. */
  public static Spec spec(int images) {
    return Spec.f32(images, COLUMNS.size(), 1, 1);
  }

  /** One number for each image, {@code [N, 1, 1, 1]}. */
  public Tensor get(Quantity q) {
    return rows.slice(1, COLUMNS.indexOf(q), 1);
  }
}
