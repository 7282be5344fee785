package org.jdit.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Directories as diffusers lays them out. */
final class ModelDirectory {
  static final String STEM = "diffusion_pytorch_model";
  static final String CONFIG = "config.json";

  /** Metadata of a checkpoint begin so when they are entries of {@link #CONFIG}. */
  static final String CONFIG_ENTRY = "config.";

  static final String TRANSFORMER = "transformer";

  /** Holds the position table of a DiT that differs from the formula; diffusers ignores it. */
  static final String POSITIONS = "jdit_pos_embed.safetensors";

  private static final List<String> WEIGHTS =
      List.of(STEM + ".safetensors", STEM + ".safetensors.index.json", STEM + ".bin");

  private ModelDirectory() {}

  static Checkpoint open(Path directory, Choice choice) {
    Path model = find(directory);
    Path weights = weights(model).orElseThrow();
    Checkpoint checkpoint = Checkpoint.openFile(weights, choice, config(model.resolve(CONFIG)));
    Path positions = model.resolve(POSITIONS);
    if (!Files.exists(positions)) {
      return checkpoint;
    }
    try {
      TensorFile both = new Joined(checkpoint, Safetensors.open(positions));
      return new Checkpoint(
          weights, checkpoint.format(), both, checkpoint.unreadable(), checkpoint.metadata(), both);
    } catch (RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  private static Path find(Path directory) {
    for (Path candidate : List.of(directory, directory.resolve(TRANSFORMER))) {
      if (weights(candidate).isPresent()) {
        return candidate;
      }
    }
    throw new JditException(
        "%s has no weights that diffusers knows: none of %s, nor in its %s directory"
            .formatted(directory, String.join(", ", WEIGHTS), TRANSFORMER));
  }

  private static Optional<Path> weights(Path directory) {
    return WEIGHTS.stream().map(directory::resolve).filter(Files::isRegularFile).findFirst();
  }

  /** The entries of a config.json as {@code config.*}, lists as JSON; empty if there is none. */
  private static Map<String, String> config(Path file) {
    Map<String, String> config = new TreeMap<>();
    if (Files.isRegularFile(file)) {
      try {
        JsonNode root = JsonMapper.shared().readTree(file);
        root.forEachEntry(
            (key, value) ->
                config.put(
                    CONFIG_ENTRY + key, value.isString() ? value.asString() : value.toString()));
      } catch (JacksonException e) {
        throw new JditException(
            "%s is not valid JSON (%s); get an intact copy".formatted(file, e.getOriginalMessage()),
            e);
      }
    }
    return config;
  }

  /** The tensors of two files. */
  private record Joined(TensorFile first, TensorFile second) implements TensorFile {
    @Override
    public String source() {
      return first.source();
    }

    @Override
    public Map<String, String> metadata() {
      return first.metadata();
    }

    @Override
    public Map<String, Spec> tensors() {
      Map<String, Spec> all = new LinkedHashMap<>(first.tensors());
      all.putAll(second.tensors());
      return all;
    }

    @Override
    public DType narrowest(String name) {
      return (second.tensors().containsKey(name) ? second : first).narrowest(name);
    }

    @Override
    public Tensor map(String name, TensorScope scope) {
      return second.tensors().containsKey(name) ? second.map(name, scope) : first.map(name, scope);
    }

    @Override
    public void close() {
      second.close();
      first.close();
    }
  }
}
