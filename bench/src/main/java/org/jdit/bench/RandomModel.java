package org.jdit.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.model.Space;
import org.jdit.dit.vae.AutoencoderKl;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.nn.StateDict;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;

/**
 * Weights files of random numbers in a temporary directory, deleted on closing.
 *
 * @param dit the network's file
 * @param vae the autoencoder's file
 */
public record RandomModel(Path dit, Path vae) implements AutoCloseable {
  /**
   * Writes the files.
   *
   * @throws JditException if there is no room for them
   */
  public static RandomModel write(DiTConfig config, VaeConfig vaeConfig) {
    Path directory;
    try {
      directory = Files.createTempDirectory("jdit-bench");
    } catch (IOException e) {
      throw new JditException("cannot make a temporary directory: " + e.getMessage(), e);
    }
    RandomModel files =
        new RandomModel(directory.resolve("dit.safetensors"), directory.resolve("vae.safetensors"));
    try {
      write(files.dit, Recognition.metadata(config, Space.LATENT, false), DiT.stateDict(config));
      write(files.vae, Map.of(), AutoencoderKl.stateDict(vaeConfig));
      return files;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private static void write(Path file, Map<String, String> metadata, StateDict weights) {
    List<TensorEntry> entries =
        weights.shapes().entrySet().stream()
            .map(
                e -> {
                  Spec spec = new Spec(e.getValue(), DType.F32);
                  return TensorEntry.lazy(
                      e.getKey(), spec, scope -> RandomNumbers.weight(spec, scope));
                })
            .toList();
    SafetensorsWriter.write(file, metadata, entries);
  }

  @Override
  public void close() {
    try {
      for (Path p : Stream.of(dit, vae, dit.getParent()).toList()) {
        Files.deleteIfExists(p);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
