package org.jdit.dit.sample;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.model.Space;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.TensorFile;
import org.jdit.weights.Checkpoint;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.DitKeys;
import org.jdit.weights.VaeKeys;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A network and what turns its results into images, as they lie in files, opened but not loaded.
 *
 * @param dit the network's weights under the official names
 * @param recognition its configuration, and what of it was assumed
 * @param autoencoder decodes latents; empty for a network that works on pixels
 */
public record Model(TensorFile dit, Recognition recognition, Optional<Autoencoder> autoencoder)
    implements AutoCloseable {
  private static final String CONFIG = "config.";

  /**
   * An autoencoder.
   *
   * @param weights under diffusers' names
   * @param config its configuration
   */
  public record Autoencoder(TensorFile weights, VaeConfig config) implements AutoCloseable {
    @Override
    public void close() {
      weights.close();
    }
  }

  /** As the method below, with nothing said of the network. */
  public static Model open(Path checkpoint, Path vae) {
    return open(checkpoint, Choice.AUTO, Recognition.Wishes.NONE, () -> vae);
  }

  /**
   * Opens files of any format that {@link Checkpoint} reads.
   *
   * @param choice which weights of a training checkpoint to take
   * @param wishes what the user says of the network
   * @param vae a weights file, or a directory of diffusers: the autoencoder's or a pipeline's;
   *     asked for if the network works on latents
   * @throws JditException if a file is missing, damaged, or does not hold what it should
   */
  public static Model open(
      Path checkpoint, Choice choice, Recognition.Wishes wishes, Supplier<Path> vae) {
    TensorFile dit = Checkpoint.open(checkpoint, choice);
    try {
      TensorFile official = DitKeys.official(dit);
      Recognition recognition = Recognition.of(official, wishes);
      return new Model(
          official,
          recognition,
          recognition.space() == Space.PIXEL
              ? Optional.empty()
              : Optional.of(openAutoencoder(vae.get(), recognition.config(), checkpoint)));
    } catch (RuntimeException e) {
      dit.close();
      throw e;
    }
  }

  /**
   * Opens an autoencoder for a network.
   *
   * @param path a weights file, or a directory of diffusers: its own or a pipeline's
   * @param dit the network that works on its latents
   * @param ditFile where that lies, for messages
   * @throws JditException if it is missing, damaged, or of other latents
   */
  public static Autoencoder openAutoencoder(Path path, DiTConfig dit, Path ditFile) {
    Autoencoder autoencoder = openAutoencoder(path);
    try {
      checkFit(dit, autoencoder.config(), ditFile, path);
      return autoencoder;
    } catch (RuntimeException e) {
      autoencoder.close();
      throw e;
    }
  }

  /**
   * Opens an autoencoder.
   *
   * @param path a weights file, or a directory of diffusers: its own or a pipeline's
   * @throws JditException if it is missing, damaged, or something else
   */
  public static Autoencoder openAutoencoder(Path path) {
    Checkpoint file = Checkpoint.open(autoencoder(path), Choice.AUTO);
    try {
      TensorFile modern = VaeKeys.modern(file);
      return new Autoencoder(modern, vaeConfig(modern));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static Path autoencoder(Path path) {
    Path inPipeline = path.resolve("vae");
    return Files.isDirectory(inPipeline) ? inPipeline : path;
  }

  private static VaeConfig vaeConfig(TensorFile file) {
    Map<String, Object> config = new HashMap<>();
    file.metadata()
        .forEach(
            (key, value) -> {
              if (key.startsWith(CONFIG)) {
                config.put(key.substring(CONFIG.length()), parsed(value));
              }
            });
    return config.isEmpty() ? VaeConfig.recognise(file) : VaeConfig.of(config);
  }

  /** Metadata are text: numbers, booleans and lists in it are JSON, strings stand as they are. */
  private static Object parsed(String value) {
    try {
      return JsonMapper.shared().readValue(value, Object.class);
    } catch (JacksonException e) {
      return value;
    }
  }

  private static void checkFit(DiTConfig dit, VaeConfig vae, Path ditFile, Path vaeFile) {
    if (dit.inChannels() != vae.latentChannels()) {
      throw new JditException(
          "%s works on latents of %d channels, but the autoencoder %s has %d: they do not belong together"
              .formatted(ditFile, dit.inChannels(), vaeFile, vae.latentChannels()));
    }
  }

  /** Height and width of the images. */
  public int imageSize() {
    int side = recognition.config().inputSize();
    return autoencoder.map(a -> side * a.config().downsampling()).orElse(side);
  }

  @Override
  public void close() {
    dit.close();
    autoencoder.ifPresent(Autoencoder::close);
  }
}
