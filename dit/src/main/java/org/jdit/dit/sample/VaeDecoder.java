package org.jdit.dit.sample;

import java.util.Arrays;
import java.util.Map;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;

/** The autoencoder's decoder, ready to run on one image at a time. Closing it frees its buffers. */
final class VaeDecoder implements ImageDecoder {
  static final String LATENTS = "latents";
  static final String IMAGE = "image";

  private final Backend backend;
  private final Executable executable;
  private final VaeConfig config;
  private final Shape latent;

  VaeDecoder(Backend backend, Executable executable, VaeConfig config, Shape latent) {
    this.backend = backend;
    this.executable = executable;
    this.config = config;
    this.latent = latent;
  }

  @Override
  public float[] decode(float[] latents, Listener listener) {
    int each = Math.toIntExact(latent.numel());
    int n = latents.length / each;
    int side = config.downsampling();
    int pixels = config.inChannels() * latent.dim(2) * side * latent.dim(3) * side;
    float[] images = new float[Math.multiplyExact(n, pixels)];
    listener.decoded(0, n);
    for (int i = 0; i < n; i++) {
      float[] image = decode(Arrays.copyOfRange(latents, i * each, (i + 1) * each));
      System.arraycopy(image, 0, images, i * pixels, pixels);
      listener.decoded(i + 1, n);
    }
    return images;
  }

  private float[] decode(float[] z) {
    float scaling = (float) config.scalingFactor();
    for (int k = 0; k < z.length; k++) {
      z[k] /= scaling;
    }
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Tensor x = scope.of(latent, z);
      return executable.run(Map.of(LATENTS, x), scope).get(IMAGE).toFloats();
    }
  }

  @Override
  public void close() {
    executable.close();
  }
}
