package org.jdit.dit.model;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdit.tensor.JditException;

/**
 * The sizes of a DiT (paper, table 1).
 *
 * @param inputSize height and width of the latents
 * @param patchSize height and width of a patch, a divisor of {@code inputSize}
 * @param inChannels channels of the latents
 * @param hiddenSize width D of the tokens, a multiple of 4 and of {@code numHeads}
 * @param depth number of blocks
 * @param numHeads attention heads
 * @param mlpRatio hidden width of the MLPs over {@code hiddenSize}
 * @param classDropoutProb share of labels dropped in training; if positive, the label table has a
 *     row for the null class and guidance is possible
 * @param numClasses number of classes, the null class not counted
 * @param learnSigma whether the network also predicts the variance, in as many channels again
 * @param numerics whose numbers to reproduce
 */
public record DiTConfig(
    int inputSize,
    int patchSize,
    int inChannels,
    int hiddenSize,
    int depth,
    int numHeads,
    double mlpRatio,
    double classDropoutProb,
    int numClasses,
    boolean learnSigma,
    Numerics numerics) {
  /** Label dropout of the official training. */
  public static final double OFFICIAL_DROPOUT = 0.1;

  private static final Pattern SIZES =
      Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,2})x([1-9]\\d{0,2})/([1-9]\\d?)");

  private static final List<Integer> PATCH_SIZES = List.of(2, 4, 8);

  /** The named sizes of table 1: S, B, L, XL. */
  private enum Size {
    S(12, 384, 6),
    B(12, 768, 12),
    L(24, 1024, 16),
    XL(28, 1152, 16);

    private final int depth;
    private final int hidden;
    private final int heads;

    Size(int depth, int hidden, int heads) {
      this.depth = depth;
      this.hidden = hidden;
      this.heads = heads;
    }

    private String model(int patch) {
      return "DiT-" + name() + "/" + patch;
    }
  }

  /**
   * Checks the sizes.
   *
   * @throws JditException if they make no network
   */
  public DiTConfig {
    positive("input size", inputSize);
    positive("patch size", patchSize);
    positive("number of channels", inChannels);
    positive("hidden size", hiddenSize);
    positive("depth", depth);
    positive("number of heads", numHeads);
    positive("number of classes", numClasses);
    if (inputSize % patchSize != 0) {
      throw new JditException(
          "latents of %dx%d do not divide into patches of %dx%d"
              .formatted(inputSize, inputSize, patchSize, patchSize));
    }
    if (hiddenSize % numHeads != 0) {
      throw new JditException(
          "a hidden size of %d does not divide into %d heads".formatted(hiddenSize, numHeads));
    }
    if (hiddenSize % 4 != 0) {
      throw new JditException(
          "a hidden size of %d is not a multiple of 4, as the position table needs"
              .formatted(hiddenSize));
    }
    if (!(mlpRatio * hiddenSize >= 1) || !(classDropoutProb >= 0 && classDropoutProb < 1)) {
      throw new JditException(
          "an MLP ratio of %s with a label dropout of %s makes no network"
              .formatted(mlpRatio, classDropoutProb));
    }
  }

  private static void positive(String what, int value) {
    if (value <= 0) {
      throw new JditException("the %s must be positive, not %d".formatted(what, value));
    }
  }

  /** The twelve names of the paper, "DiT-S/2" to "DiT-XL/8". */
  public static List<String> names() {
    List<String> names = new ArrayList<>();
    for (Size size : Size.values()) {
      PATCH_SIZES.forEach(patch -> names.add(size.model(patch)));
    }
    return names;
  }

  /**
   * A model of the paper, as the official code builds it: 4 channels, learned variance, null class.
   *
   * @param name one of {@link #names()}
   * @param inputSize size of the latents: 32 for images of 256x256, 64 for 512x512
   * @throws JditException if there is no such model
   */
  public static DiTConfig named(String name, int inputSize, int numClasses) {
    for (Size s : Size.values()) {
      for (int patch : PATCH_SIZES) {
        if (s.model(patch).equals(name)) {
          return new DiTConfig(
              inputSize,
              patch,
              4,
              s.hidden,
              s.depth,
              s.heads,
              4,
              OFFICIAL_DROPOUT,
              numClasses,
              true,
              Numerics.OFFICIAL);
        }
      }
    }
    throw new JditException(
        "there is no model %s; there are %s".formatted(name, String.join(", ", names())));
  }

  /**
   * A model of the paper by name, or one of any size as {@code WIDTHxDEPTHxHEADS/PATCH}, with
   * learned variance and a null class, for 1000 classes.
   *
   * @param inputSize height and width of what it works on
   * @param channels channels of that
   * @throws JditException if there is no such model
   */
  public static DiTConfig parse(String text, int inputSize, int channels) {
    Matcher sizes = SIZES.matcher(text);
    if (!sizes.matches()) {
      DiTConfig c = named(text, inputSize, 1000);
      return c.of(channels, c.numClasses(), c.classDropoutProb, c.learnSigma, c.numerics);
    }
    return new DiTConfig(
        inputSize,
        Integer.parseInt(sizes.group(4)),
        channels,
        Integer.parseInt(sizes.group(1)),
        Integer.parseInt(sizes.group(2)),
        Integer.parseInt(sizes.group(3)),
        4,
        OFFICIAL_DROPOUT,
        1000,
        true,
        Numerics.OFFICIAL);
  }

  /** The name of the paper, or "DiT custom WIDTHxDEPTHxHEADSh/PATCH". */
  public String name() {
    for (Size s : Size.values()) {
      if (s.hidden == hiddenSize
          && s.depth == depth
          && s.heads == numHeads
          && mlpRatio == 4
          && PATCH_SIZES.contains(patchSize)) {
        return s.model(patchSize);
      }
    }
    return "DiT custom %dx%dx%dh/%d".formatted(hiddenSize, depth, numHeads, patchSize);
  }

  /** The same network with other numerics. */
  public DiTConfig with(Numerics other) {
    return of(inChannels, numClasses, classDropoutProb, learnSigma, other);
  }

  /** The same network for other classes. */
  public DiTConfig with(int otherClasses, double otherDropout) {
    return of(inChannels, otherClasses, otherDropout, learnSigma, numerics);
  }

  /** The same network with or without a predicted variance. */
  public DiTConfig withLearnSigma(boolean learned) {
    return of(inChannels, numClasses, classDropoutProb, learned, numerics);
  }

  private DiTConfig of(
      int channels, int classes, double dropout, boolean learned, Numerics numbers) {
    return new DiTConfig(
        inputSize,
        patchSize,
        channels,
        hiddenSize,
        depth,
        numHeads,
        mlpRatio,
        dropout,
        classes,
        learned,
        numbers);
  }

  /** Patches along a side. */
  public int grid() {
    return inputSize / patchSize;
  }

  /** Number of tokens T. */
  public int tokens() {
    return grid() * grid();
  }

  /** Channels of the network's output. */
  public int outChannels() {
    return learnSigma ? 2 * inChannels : inChannels;
  }

  /** Hidden width of the MLPs. */
  public int mlpHidden() {
    return (int) (hiddenSize * mlpRatio);
  }

  /** Whether the label table has a row for the null class. */
  public boolean hasNullClass() {
    return classDropoutProb > 0;
  }

  /** Rows of the label table. */
  public int labelRows() {
    return numClasses + (hasNullClass() ? 1 : 0);
  }

  /**
   * The label that stands for "no class" in classifier-free guidance.
   *
   * @throws JditException if the network was trained without one
   */
  public int nullClass() {
    if (!hasNullClass()) {
      throw new JditException(
          "%s has no null class (%d label rows for %d classes), so guidance is impossible: use a"
                  .formatted(name(), labelRows(), numClasses)
              + " guidance scale of 1");
    }
    return numClasses;
  }
}
