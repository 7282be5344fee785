package org.jdit.weights;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.Spec;

/** Tells what a weights file holds, without reading the weights. */
public final class Inspector {
  /**
   * What a file holds.
   *
   * @param file the file with the weights
   * @param format its kind
   * @param kind the network
   * @param dit dimensions of the network, if it is a DiT
   * @param weights the part of a training checkpoint that is described ("ema", "model"), if the
   *     file names parts
   * @param parameters number of elements of all tensors
   * @param tensors every tensor that can be read; of type I8 if its numbers are those of bytes and
   *     of a scale for each row
   * @param unreadable as {@link Checkpoint#unreadable}
   * @param metadata as {@link Checkpoint#metadata}
   */
  public record Inspection(
      Path file,
      Checkpoint.Format format,
      ModelKind kind,
      Optional<DitDimensions> dit,
      Optional<String> weights,
      long parameters,
      Map<String, Spec> tensors,
      List<String> unreadable,
      Map<String, String> metadata) {}

  private Inspector() {}

  /**
   * Describes a file or directory.
   *
   * @throws org.jdit.tensor.JditException if it cannot be opened
   */
  public static Inspection inspect(Path path, Checkpoint.Choice weights) {
    try (Checkpoint c = Checkpoint.open(path, weights)) {
      ModelKind kind = ModelKind.of(c);
      Optional<DitDimensions> dit =
          switch (kind) {
            case DIT_OFFICIAL, DIT_DIFFUSERS -> Optional.of(DitDimensions.of(c));
            case VAE, UNKNOWN -> Optional.empty();
          };
      long parameters = c.tensors().values().stream().mapToLong(s -> s.shape().numel()).sum();
      Map<String, Spec> tensors = new LinkedHashMap<>(c.tensors());
      tensors.replaceAll((name, spec) -> new Spec(spec.shape(), c.narrowest(name)));
      return new Inspection(
          c.file(),
          c.format(),
          kind,
          dit,
          c.weights(),
          parameters,
          tensors,
          c.unreadable(),
          c.metadata());
    }
  }
}
