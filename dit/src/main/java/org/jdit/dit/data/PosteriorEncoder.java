package org.jdit.dit.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jdit.dit.image.RgbImage;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.dit.sample.Model;
import org.jdit.dit.vae.AutoencoderKl;
import org.jdit.dit.vae.Posterior;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.nn.Weights;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/**
 * The autoencoder's encoder, ready to run on batches of pictures. For one thread; closing it frees
 * its buffers and weights.
 */
final class PosteriorEncoder implements AutoCloseable {
  private static final String IMAGE = "image";
  private static final String MEAN = "mean";
  private static final String STD = "std";
  private static final int CHANNELS = 3;

  /**
   * A picture to encode.
   *
   * @param index its number in the set
   * @param file where it was read
   * @param image cropped
   */
  record Picture(int index, Path file, RgbImage image) {
    /** Its mirror image. */
    Picture mirrored() {
      return new Picture(index, file, image.flipped());
    }
  }

  /** Mean and standard deviation of pictures' latents, {@code [n, C, h, w]} row-major. */
  @SuppressWarnings("ArrayRecordComponent") // numbers in bulk; nobody compares them by equals
  record Moments(float[] mean, float[] std) {}

  private final Backend backend;
  private final int batch;
  private final int side;
  private final Resident resident;
  private final Executable executable;

  /**
   * Compiles the encoder and loads its weights.
   *
   * @param side width and height of the pictures
   * @param batch pictures at once
   * @param more bytes that the caller will need besides
   * @throws JditException if the weights do not fit, or memory is short
   */
  PosteriorEncoder(Backend backend, Model.Autoencoder vae, int side, int batch, long more) {
    this.backend = backend;
    this.batch = batch;
    this.side = side;
    Program program = program(vae.config(), side, batch);
    MemoryEstimate need = MemoryEstimate.of(program);
    new MemoryEstimate(need.weights(), need.activations() + more)
        .require(MemoryEstimate.availableBytes());
    resident = backend.newResident();
    try {
      executable = backend.compile(program, resident);
    } catch (RuntimeException e) {
      resident.close();
      throw e;
    }
    try {
      // What holds NaN or infinity is found, with the picture's name, when a picture is encoded.
      AutoencoderKl.stateDict(vae.config()).load(vae.weights(), resident, backend.memory());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static Program program(VaeConfig config, int side, int batch) {
    return Program.trace(
        t -> {
          Tensor image = t.input(IMAGE, Spec.f32(batch, CHANNELS, side, side));
          Posterior posterior = new AutoencoderKl(config, Weights.params(t)).encode(image);
          t.output(MEAN, posterior.mean());
          t.output(STD, posterior.std());
        });
  }

  /**
   * Shape of the latents of a picture, {@code [C, h, w]}.
   *
   * @throws JditException if the autoencoder takes no pictures of that size
   */
  static Shape latents(VaeConfig config, int side) {
    if (config.inChannels() != CHANNELS) {
      throw new JditException(
          "the autoencoder takes images of %d channels, not of red, green and blue"
              .formatted(config.inChannels()));
    }
    int times = config.downsampling();
    if (side < 1 || side % times != 0) {
      throw new JditException(
          "an image size of %d is no multiple of %d, which the autoencoder divides it by"
              .formatted(side, times));
    }
    return Shape.of(config.latentChannels(), side / times, side / times);
  }

  /** What tells an encoder from another, whatever file it lies in. */
  static String fingerprint(Model.Autoencoder vae) {
    Fingerprint print = new Fingerprint();
    print.add(vae.config().toString());
    for (String key : AutoencoderKl.stateDict(vae.config()).shapes().keySet()) {
      if ((key.startsWith("encoder.") || key.startsWith("quant_conv."))
          && vae.weights().tensors().containsKey(key)) {
        try (TensorScope scope = TensorScope.open(new Memory())) {
          print.add(key);
          print.add(vae.weights().map(key, scope).toFloats());
        }
      }
    }
    return print.hex();
  }

  /**
   * Encodes pictures.
   *
   * @param pictures as many as a batch has, or fewer
   * @throws JditException if what the autoencoder makes of one is not finite
   */
  Moments encode(List<Picture> pictures) {
    int pixels = CHANNELS * side * side;
    float[] images = new float[batch * pixels];
    for (int i = 0; i < pictures.size(); i++) {
      pictures.get(i).image().normalised(images, i * pixels);
    }
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Tensor x = scope.of(Shape.of(batch, CHANNELS, side, side), images);
      Map<String, Tensor> out = executable.run(Map.of(IMAGE, x), scope);
      return new Moments(
          finite(out.get(MEAN).slice(0, 0, pictures.size()), pictures),
          finite(out.get(STD).slice(0, 0, pictures.size()), pictures));
    }
  }

  private static float[] finite(Tensor t, List<Picture> pictures) {
    float[] numbers = t.toFloats();
    for (int i = 0; i < numbers.length; i++) {
      if (!Float.isFinite(numbers[i])) {
        throw new JditException(
            "the autoencoder makes NaN or infinity of %s: choose an intact one with --vae"
                .formatted(pictures.get(i / (numbers.length / pictures.size())).file()));
      }
    }
    return numbers;
  }

  @Override
  public void close() {
    executable.close();
    resident.close();
  }
}
