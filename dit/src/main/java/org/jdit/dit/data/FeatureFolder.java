package org.jdit.dit.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * Latents as fast-DiT's extract_features.py leaves them: a folder of {@code [1, C, h, w]} arrays
 * and one of their labels, paired by the numbers that are their names. Draw and flip were made when
 * they were extracted.
 */
public final class FeatureFolder implements TrainingSet {
  static final String FEATURES = "_features";
  static final String LABELS = "_labels";

  private final List<Path> features;
  private final int[] labels;
  private final int classes;
  private final Shape shape;

  private FeatureFolder(List<Path> features, int[] labels, int classes, Shape shape) {
    this.features = List.copyOf(features);
    this.labels = labels;
    this.classes = classes;
    this.shape = shape;
  }

  /** Whether a directory has such a pair of folders, as {@code imagenet256_features}. */
  public static boolean isIn(Path directory) {
    return !folders(directory, FEATURES).isEmpty();
  }

  /**
   * Opens a directory.
   *
   * @throws JditException if a feature has no label or seems to be of another shape than the first,
   *     or JDiT's extraction has not finished
   */
  public static FeatureFolder open(Path directory) {
    List<Path> folders = folders(directory, FEATURES);
    if (folders.size() != 1) {
      throw new JditException(
          "%s has %d folders whose names end in %s; one is needed"
              .formatted(directory, folders.size(), FEATURES));
    }
    String name = folders.getFirst().getFileName().toString();
    Path labelFolder =
        directory.resolve(name.substring(0, name.length() - FEATURES.length()) + LABELS);
    List<Path> features = arrays(folders.getFirst());
    if (features.isEmpty()) {
      throw new JditException(folders.getFirst() + " holds no features");
    }
    Optional<ExtractionRecord> record = ExtractionRecord.in(directory);
    int classes = 0;
    if (record.isPresent()) {
      int images = record.get().images(directory);
      if (images != features.size()) {
        throw new JditException(
            "%s holds the features of %d of %d images: finish the extraction with the same command"
                .formatted(directory, features.size(), images));
      }
      classes = record.get().classes(directory);
    }
    Shape shape = example(features.getFirst(), array(features.getFirst(), Tensor::shape));
    long bytes = bytes(features.getFirst());
    int[] labels = new int[features.size()];
    for (int i = 0; i < labels.length; i++) {
      Path feature = features.get(i);
      labels[i] = label(feature, labelFolder.resolve(feature.getFileName()));
      classes = Math.max(classes, labels[i] + 1);
      // Opening a million files takes minutes; those of another shape have another length.
      if (bytes(feature) != bytes) {
        requireShape(feature, array(feature, Tensor::shape), shape);
      }
    }
    return new FeatureFolder(features, labels, classes, shape);
  }

  private static int label(Path feature, Path file) {
    if (!Files.exists(file)) {
      throw new JditException(
          "%s has no label %s; extract the features anew".formatted(feature, file));
    }
    return array(
        file,
        t -> {
          long label = t.shape().numel() == 1 && !t.dtype().isFloating() ? t.toLongs()[0] : -1;
          if (label < 0 || label >= Integer.MAX_VALUE) {
            throw new JditException(
                "%s holds no label but %s %s; extract the features anew"
                    .formatted(file, t.spec(), t.shape().numel() == 1 ? t.item() : ""));
          }
          return (int) label;
        });
  }

  private static void requireShape(Path file, Shape stored, Shape shape) {
    Shape found = example(file, stored);
    if (!found.equals(shape)) {
      throw new JditException(
          "%s is %s, the features before it are %s".formatted(file, found, shape));
    }
  }

  private static <T> T array(Path file, Function<Tensor, T> what) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      return what.apply(Npy.map(file, scope));
    }
  }

  private static long bytes(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new JditException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** {@code [C, h, w]} of an array of that shape, or with a 1 before it. */
  private static Shape example(Path file, Shape s) {
    if (s.rank() == 3) {
      return s;
    }
    if (s.rank() == 4 && s.dim(0) == 1) {
      return s.sub(1, 4);
    }
    throw new JditException("%s is %s, where a feature is [1, C, h, w]".formatted(file, s));
  }

  private static List<Path> folders(Path directory, String ending) {
    return list(directory).stream()
        .filter(f -> Files.isDirectory(f) && f.getFileName().toString().endsWith(ending))
        .toList();
  }

  private static List<Path> arrays(Path folder) {
    List<Path> files = new ArrayList<>();
    for (Path file : list(folder)) {
      String name = file.getFileName().toString();
      if (name.matches("\\d{1,9}\\.npy")) {
        files.add(file);
      } else if (name.endsWith(".npy") && !name.startsWith(".")) {
        throw new JditException(file + " is named by no number, as features are; take it away");
      }
    }
    files.sort(Comparator.comparingInt(FeatureFolder::number));
    return files;
  }

  private static int number(Path file) {
    String name = file.getFileName().toString();
    return Integer.parseInt(name.substring(0, name.indexOf('.')));
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    } catch (IOException e) {
      throw new JditException("cannot read the folder " + directory + ": " + e.getMessage(), e);
    }
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public int numClasses() {
    return classes;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public void read(int index, RandomGenerator random, float[] into, int offset) {
    Path file = features.get(index);
    array(
        file,
        t -> {
          requireShape(file, t.shape(), shape);
          float[] feature = t.toFloats();
          System.arraycopy(feature, 0, into, offset, feature.length);
          return feature;
        });
  }
}
