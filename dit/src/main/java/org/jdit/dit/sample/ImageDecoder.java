package org.jdit.dit.sample;

/** Turns what a network works on into images. */
public interface ImageDecoder extends AutoCloseable {
  /**
   * Decodes latents {@code [N, C, h, w]}, image by image.
   *
   * @return images {@code [N, 3, H, W]}, row-major
   */
  float[] decode(float[] latents, Listener listener);

  @Override
  default void close() {}
}
