package org.jdit.dit.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorFile;
import org.jdit.weights.DitDimensions;

/**
 * The configuration of a network as its state dict shows it.
 *
 * @param config the configuration
 * @param space what it works on: latents, unless the metadata say otherwise
 * @param predictXStart whether it predicts the image: the noise, unless the metadata say otherwise
 * @param assumptions what the state dict does not say, in words
 */
public record Recognition(
    DiTConfig config, Space space, boolean predictXStart, List<String> assumptions) {
  /** Key of {@link #metadata} that says whether a network predicts the image. */
  public static final String PREDICT_XSTART = "predict_xstart";

  private static final String NUM_HEADS = "num_heads";
  private static final String NUM_CLASSES = "num_classes";
  private static final String NUMERICS = "numerics";
  private static final String SPACE = "space";

  /** Copies the list. */
  public Recognition {
    assumptions = List.copyOf(assumptions);
  }

  /**
   * What a user says of a checkpoint; what contradicts it is refused.
   *
   * @param model a name of {@link DiTConfig#names}
   * @param numClasses number of classes, the null class not counted
   * @param numHeads number of attention heads
   */
  public record Wishes(Optional<String> model, OptionalInt numClasses, OptionalInt numHeads) {
    /** Nothing said. */
    public static final Wishes NONE =
        new Wishes(Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
  }

  /** Metadata from which {@link #of} reads what names and shapes do not say. */
  public static Map<String, String> metadata(DiTConfig config, Space space, boolean predictXStart) {
    return Map.of(
        SPACE, space.name().toLowerCase(Locale.ROOT),
        PREDICT_XSTART, Boolean.toString(predictXStart),
        NUM_HEADS, Integer.toString(config.numHeads()),
        NUM_CLASSES, Integer.toString(config.numClasses()),
        NUMERICS, config.numerics().name().toLowerCase(Locale.ROOT));
  }

  /**
   * Reads the configuration off the names and shapes of a file in the official layout. Heads, if
   * neither the user nor the metadata knows them, are 16 for widths 1024 and 1152, and one for each
   * 64 channels otherwise.
   *
   * @throws JditException if the file holds no DiT, contradicts the wishes, or does not say enough
   */
  public static Recognition of(TensorFile file, Wishes wishes) {
    return new Reader(file, wishes).read();
  }

  private record Reader(TensorFile file, Wishes wishes, List<String> assumptions) {
    Reader(TensorFile file, Wishes wishes) {
      this(file, wishes, new ArrayList<>());
    }

    Recognition read() {
      Shape patches = shape("x_embedder.proj.weight", 4);
      int width = patches.dim(0);
      int patch = patches.dim(2);
      int depth = 0;
      while (file.tensors().containsKey("blocks." + depth + ".attn.qkv.weight")) {
        depth++;
      }
      int grid = grid(shape("pos_embed", 3).dim(1));
      int inputSize = grid * patch;
      int out = shape("final_layer.linear.weight", 2).dim(0) / (patch * patch);
      if (out != patches.dim(1) && out != 2 * patches.dim(1)) {
        throw new JditException(
            "%s maps %d channels to %d: a DiT has as many, or twice as many with variance"
                .formatted(file.source(), patches.dim(1), out));
      }
      int rows = shape("y_embedder.embedding_table.weight", 2).dim(0);
      int classes = classes(rows);
      DiTConfig config =
          new DiTConfig(
              inputSize,
              patch,
              patches.dim(1),
              width,
              depth,
              heads(width),
              (double) shape("blocks.0.mlp.fc1.weight", 2).dim(0) / width,
              rows > classes ? DiTConfig.OFFICIAL_DROPOUT : 0,
              classes,
              out != patches.dim(1),
              numerics());
      wishes.model().ifPresent(name -> checkModel(config, name));
      return new Recognition(config, space(), predictXStart(), assumptions);
    }

    private Shape shape(String key, int rank) {
      Spec spec = file.tensors().get(key);
      if (spec == null || spec.shape().rank() != rank || spec.shape().numel() == 0) {
        throw new JditException(
            "%s is no DiT checkpoint: it has %s %s"
                .formatted(file.source(), spec == null ? "no" : "an unfit " + spec, key));
      }
      return spec.shape();
    }

    private int grid(int tokens) {
      int grid = (int) Math.round(Math.sqrt(tokens));
      if (grid * grid != tokens) {
        throw new JditException(
            "%s has a position table of %d tokens, which is no square"
                .formatted(file.source(), tokens));
      }
      return grid;
    }

    private int classes(int rows) {
      OptionalInt known = either(wishes.numClasses(), NUM_CLASSES);
      int classes = DitDimensions.classes(rows, known, file.source());
      if (known.isEmpty()) {
        String nullClass = rows > classes ? "and a null class" : "without a null class";
        assumptions.add(
            "%d classes %s assumed from %d label rows".formatted(classes, nullClass, rows));
      }
      return classes;
    }

    private int heads(int width) {
      OptionalInt known = either(wishes.numHeads(), NUM_HEADS);
      if (known.isPresent()) {
        return known.getAsInt();
      }
      OptionalInt usual = DitDimensions.of(file).usualHeads();
      if (usual.isEmpty()) {
        throw new JditException(
            "%s does not say how many attention heads its width of %d is split into: give --num-heads"
                .formatted(file.source(), width));
      }
      assumptions.add("%d heads assumed from width %d".formatted(usual.getAsInt(), width));
      return usual.getAsInt();
    }

    private Numerics numerics() {
      return named(NUMERICS, Numerics.OFFICIAL, Numerics.values());
    }

    private Space space() {
      return named(SPACE, Space.LATENT, Space.values());
    }

    private boolean predictXStart() {
      String text = file.metadata().getOrDefault(PREDICT_XSTART, "false");
      return switch (text.toLowerCase(Locale.ROOT)) {
        case "true" -> true;
        case "false" -> false;
        default -> throw unknown(PREDICT_XSTART, text);
      };
    }

    private JditException unknown(String key, String text) {
      return new JditException(
          "%s has unknown %s \"%s\" in its metadata".formatted(file.source(), key, text));
    }

    private <E extends Enum<E>> E named(String key, E usual, E[] all) {
      String name = file.metadata().getOrDefault(key, usual.name());
      for (E e : all) {
        if (e.name().equalsIgnoreCase(name)) {
          return e;
        }
      }
      throw unknown(key, name);
    }

    private OptionalInt either(OptionalInt wish, String key) {
      String text = file.metadata().get(key);
      if (wish.isPresent() || text == null) {
        return wish;
      }
      try {
        return OptionalInt.of(Integer.parseInt(text));
      } catch (NumberFormatException e) {
        throw new JditException(
            "%s has %s = \"%s\" in its metadata, which is no number"
                .formatted(file.source(), key, text),
            e);
      }
    }

    private void checkModel(DiTConfig found, String name) {
      DiTConfig wanted = DiTConfig.named(name, found.inputSize(), found.numClasses());
      if (!found.name().equals(wanted.name())) {
        throw new JditException(
            "%s is a %s, not a %s; leave the option out or choose another checkpoint"
                .formatted(file.source(), found.name(), name));
      }
    }
  }
}
