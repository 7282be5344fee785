package org.jdit.weights;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorFile;

/**
 * What the names and shapes of a DiT tell about it, in either layout.
 *
 * @param hidden width of a token
 * @param depth number of blocks
 * @param patch side of a patch
 * @param inChannels channels of the latents
 * @param outChannels channels of the output, with those of the variance
 * @param labelRows rows of the label table: the classes and mostly a null class
 * @param mlpHidden width inside the MLP of a block
 * @param grid patches along a side; empty if neither a position table nor a configuration says
 */
public record DitDimensions(
    int hidden,
    int depth,
    int patch,
    int inChannels,
    int outChannels,
    int labelRows,
    int mlpHidden,
    OptionalInt grid) {

  // Pictures of 8192 pixels with patches of 2; forged files must not ask for more.
  private static final int LARGEST_GRID = 512;
  private static final Map<String, String> SIZES =
      Map.of("384/12", "S", "768/12", "B", "1024/24", "L", "1152/28", "XL");

  /**
   * Reads the dimensions of a DiT.
   *
   * @throws JditException if the file holds no DiT, or one with a table missing or misshapen
   */
  public static DitDimensions of(TensorFile file) {
    return switch (ModelKind.of(file)) {
      case DIT_OFFICIAL -> read(file, DitKeys.OFFICIAL);
      case DIT_DIFFUSERS -> read(file, DitKeys.DIFFUSERS);
      case VAE, UNKNOWN -> throw new JditException(file.source() + " holds no DiT");
    };
  }

  private static DitDimensions read(TensorFile file, DitKeys.Names names) {
    Shape patches = shape(file, names.patches(), 4);
    Shape mlp = shape(file, names.block(0) + names.mlpIn(), 2);
    Shape labels = shape(file, names.labels(), 2);
    Shape out = shape(file, names.out(), 2);
    int depth = 0;
    while (file.tensors().containsKey(names.block(depth) + names.mlpIn())) {
      depth++;
    }
    int patch = patches.dim(2);
    if (patch != patches.dim(3) || patch > LARGEST_GRID) {
      throw new JditException(
          "%s is no DiT: its patches are %d x %d".formatted(file.source(), patch, patches.dim(3)));
    }
    return new DitDimensions(
        patches.dim(0),
        depth,
        patch,
        patches.dim(1),
        out.dim(0) / (patch * patch),
        labels.dim(0),
        mlp.dim(0),
        grid(file, patch));
  }

  private static Shape shape(TensorFile file, String name, int rank) {
    Spec spec = file.tensors().get(name);
    if (spec == null || spec.shape().rank() != rank || spec.shape().numel() == 0) {
      throw new JditException(
          "%s is no DiT: it has %s %s"
              .formatted(
                  file.source(), spec == null ? "no" : "a tensor of unfit shape called", name));
    }
    return spec.shape();
  }

  private static OptionalInt grid(TensorFile file, int patch) {
    Spec table = file.tensors().get(DitKeys.POSITIONS);
    if (table != null && table.shape().rank() == 3) {
      int grid = (int) Math.round(Math.sqrt(table.shape().dim(1)));
      return grid * grid == table.shape().dim(1) ? OptionalInt.of(grid) : OptionalInt.empty();
    }
    return number(file, "config.sample_size").stream()
        .map(size -> size / patch)
        .filter(grid -> grid > 0 && grid <= LARGEST_GRID)
        .findFirst();
  }

  /** A number in the metadata of a file. */
  static OptionalInt number(TensorFile file, String key) {
    try {
      return Optional.ofNullable(file.metadata().get(key))
          .map(text -> OptionalInt.of(Integer.parseInt(text)))
          .orElse(OptionalInt.empty());
    } catch (NumberFormatException e) {
      throw new JditException(
          "%s says %s = %s, which is no number"
              .formatted(file.source(), key, file.metadata().get(key)),
          e);
    }
  }

  /** Whether the network predicts a variance besides the noise. */
  public boolean learnsSigma() {
    return outChannels == 2 * inChannels;
  }

  /** Height and width of the latents, if known. */
  public OptionalInt inputSize() {
    return grid.stream().map(g -> g * patch).findFirst();
  }

  /** The name in the paper (DiT-XL/2), or empty for other sizes. */
  public Optional<String> name() {
    return Optional.ofNullable(SIZES.get(hidden + "/" + depth))
        .filter(_ -> patch == 2 || patch == 4 || patch == 8)
        .map(size -> "DiT-" + size + "/" + patch);
  }

  /**
   * The number of classes that a label table is for, the null class not counted. Where nothing says
   * it, a table of 10, 20, … rows is taken for one without a null class, any other for one with:
   * numbers of classes are mostly round.
   *
   * @param labelRows rows of the table, as many as the classes or one more
   * @param known what a user or metadata say
   * @param source how messages call the checkpoint
   * @throws JditException if the table fits {@code known} neither with nor without a null class
   */
  public static int classes(int labelRows, OptionalInt known, String source) {
    if (known.isEmpty()) {
      return labelRows > 1 && labelRows % 10 != 0 ? labelRows - 1 : labelRows;
    }
    int n = known.getAsInt();
    if (labelRows != n && labelRows != n + 1) {
      throw new JditException(
          "%s has %d label rows, which fits %d classes with a null class or %d without, not %d"
              .formatted(source, labelRows, labelRows - 1, labelRows, n));
    }
    return n;
  }

  /**
   * The number of attention heads, which the weights do not show: 16 for the widths of L and XL,
   * one for each 64 channels otherwise.
   *
   * @return empty if the width is no multiple of 64
   */
  public OptionalInt usualHeads() {
    if (hidden == 1024 || hidden == 1152) {
      return OptionalInt.of(16);
    }
    return hidden % 64 == 0 ? OptionalInt.of(hidden / 64) : OptionalInt.empty();
  }
}
