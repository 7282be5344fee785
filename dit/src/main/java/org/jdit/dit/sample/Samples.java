package org.jdit.dit.sample;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Map;
import org.jdit.dit.image.ImageGrid;
import org.jdit.dit.image.Png;
import org.jdit.tensor.Shape;

/**
 * What sampling made.
 *
 * @param latentShape {@code [N, C, h, w]}
 * @param latents row-major
 * @param imageShape {@code [N, 3, H, W]}
 * @param images row-major, −1 is black and 1 is full intensity
 */
@SuppressWarnings("ArrayRecordComponent") // numbers in bulk; nobody compares samples by equals
public record Samples(Shape latentShape, float[] latents, Shape imageShape, float[] images) {
  private static final int COLUMNS = 4;

  /** All images in one picture, four in a row, as torchvision's save_image lays them out. */
  public BufferedImage grid() {
    return grid(COLUMNS);
  }

  /** All images in one picture, so many in a row. */
  public BufferedImage grid(int columns) {
    return ImageGrid.draw(images, imageShape.dim(0), imageShape.dim(2), imageShape.dim(3), columns);
  }

  /**
   * Writes {@link #grid()} as a PNG, whole or not at all.
   *
   * @param text kept in the file's text chunks
   */
  public void writePng(Path file, Map<String, String> text) {
    Png.write(file, grid(), text);
  }
}
