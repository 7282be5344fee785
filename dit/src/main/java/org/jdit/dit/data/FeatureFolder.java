package org.jdit.dit.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
  private static final String FEATURES = "_features";
  private static final String LABELS = "_labels";

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
   * @throws JditException if a feature has no label, or is of another shape than the first
   */
  public static FeatureFolder open(Path directory) {
    List<Path> folders = folders(directory, FEATURES);
    if (folders.size() != 1) {
      throw new JditException(
          "%s has %d folders whose names end in %s; one is needed"
              .formatted(directory, folders.size(), FEATURES));
    }
    String stem = folders.getFirst().getFileName().toString().replace(FEATURES, "");
    Path labelFolder = directory.resolve(stem + LABELS);
    List<Path> features = arrays(folders.getFirst());
    int[] labels = new int[features.size()];
    int classes = 0;
    Shape shape = null;
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (int i = 0; i < labels.length; i++) {
        Path file = labelFolder.resolve(features.get(i).getFileName());
        if (!Files.exists(file)) {
          throw new JditException(
              "%s has no label %s; extract the features anew".formatted(features.get(i), file));
        }
        labels[i] = (int) array(file, scope).toLongs()[0];
        classes = Math.max(classes, labels[i] + 1);
        Shape found = example(array(features.get(i), scope).shape());
        if (shape != null && !shape.equals(found)) {
          throw new JditException(
              "%s is %s, the features before it are %s".formatted(features.get(i), found, shape));
        }
        shape = found;
      }
    }
    if (shape == null) {
      throw new JditException(folders.getFirst() + " holds no features");
    }
    return new FeatureFolder(features, labels, classes, shape);
  }

  private static Tensor array(Path file, TensorScope scope) {
    try (TensorScope mapped = scope.inner()) {
      return scope.keep(Npy.map(file, mapped));
    }
  }

  private static Shape example(Shape s) {
    return s.rank() == 4 && s.dim(0) == 1 ? s.sub(1, 4) : s;
  }

  private static List<Path> folders(Path directory, String ending) {
    return list(directory).stream()
        .filter(f -> Files.isDirectory(f) && f.getFileName().toString().endsWith(ending))
        .toList();
  }

  private static List<Path> arrays(Path folder) {
    List<Path> files =
        new ArrayList<>(
            list(folder).stream()
                .filter(f -> f.getFileName().toString().matches("\\d{1,9}\\.npy"))
                .toList());
    files.sort(
        Comparator.comparingInt(
            f -> Integer.parseInt(f.getFileName().toString().replace(".npy", ""))));
    return files;
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
    try (TensorScope scope = TensorScope.open(new Memory())) {
      float[] feature = Npy.map(features.get(index), scope).toFloats();
      System.arraycopy(feature, 0, into, offset, feature.length);
    }
  }
}
