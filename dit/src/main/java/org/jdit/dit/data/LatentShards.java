package org.jdit.dit.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * Latents encoded beforehand, in safetensors files that keep the posterior's mean and standard
 * deviation of each picture and of its mirror image, so that the draw and the flip stay random.
 * Files are named {@code latents-00000.safetensors} and follow each other without a gap; the last
 * one says that it is the last.
 */
public final class LatentShards implements TrainingSet {
  /** Tensors of a file, {@code [n, C, h, w]} each, and {@code [n]} labels. */
  private static final List<String> POSTERIOR =
      List.of("mean", "std", "mean_flipped", "std_flipped");

  private static final String LABELS = "labels";
  private static final String CLASSES = "num_classes";
  private static final String SCALING = "scaling_factor";
  private static final String LAST = "last";

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TensorScope scope = TensorScope.open(new Memory());
  private final List<List<Tensor>> shards = new ArrayList<>();
  private final List<Integer> labels = new ArrayList<>();
  private final int classes;
  private final float scaling;
  private final Shape shape;
  private final int perShard;
  private final boolean flips;

  private LatentShards(Path directory, boolean flips) {
    this.flips = flips;
    try {
      Map<String, String> first = Map.of();
      boolean last = false;
      while (!last) {
        // Mappings outlive the file, of which a process may not have many open.
        try (TensorFile file = open(directory, shards.size())) {
          Map<String, String> said = new TreeMap<>(file.metadata());
          last = said.remove(LAST) != null;
          first = shards.isEmpty() ? said : first;
          if (!said.equals(first)) {
            throw unfit(file.source());
          }
          map(file, last);
        }
      }
      Path beyond = file(directory, shards.size());
      if (Files.exists(beyond)) {
        throw new JditException(
            "%s follows a file that says it is the last; remove it, or extract the latents anew"
                .formatted(beyond));
      }
      classes = Integer.parseInt(first.getOrDefault(CLASSES, ""));
      scaling = Float.parseFloat(first.getOrDefault(SCALING, ""));
      shape = example(shards.getFirst());
      perShard = shards.getFirst().getFirst().dim(0);
      check(directory);
    } catch (NumberFormatException e) {
      close();
      throw new JditException(
          directory + " does not say what its latents are; extract them anew", e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static TensorFile open(Path directory, int number) {
    Path file = file(directory, number);
    if (!Files.exists(file) && number > 0) {
      throw new JditException(
          "%s is missing, and the file before it is not the last: finish the extraction with the same command"
              .formatted(file));
    }
    return Safetensors.open(file);
  }

  /**
   * Opens a directory.
   *
   * @param flips whether mirrored latents are taken at random
   * @throws JditException if files are missing or do not fit each other
   */
  public static LatentShards open(Path directory, boolean flips) {
    return new LatentShards(directory, flips);
  }

  /** Whether a directory holds such files. */
  public static boolean areIn(Path directory) {
    return Files.exists(file(directory, 0));
  }

  /** The file of that number. */
  public static Path file(Path directory, int number) {
    return directory.resolve("latents-%05d.safetensors".formatted(number));
  }

  /**
   * Writes a file.
   *
   * @param number from 0 on; all files but the last have the same number of pictures
   * @param posterior mean, standard deviation, and both of the mirror images, {@code [n, C, h, w]}
   * @param labels of the n pictures
   * @param classes number of classes of all pictures
   * @param scaling what latents are multiplied by for training
   * @param last whether no file follows
   * @throws JditException if it cannot be written
   */
  public static void write(
      Path directory,
      int number,
      List<Tensor> posterior,
      Tensor labels,
      int classes,
      double scaling,
      boolean last) {
    List<TensorEntry> entries = new ArrayList<>();
    for (int i = 0; i < POSTERIOR.size(); i++) {
      entries.add(TensorEntry.of(POSTERIOR.get(i), posterior.get(i)));
    }
    entries.add(TensorEntry.of(LABELS, labels));
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(CLASSES, Integer.toString(classes));
    metadata.put(SCALING, Double.toString(scaling));
    if (last) {
      metadata.put(LAST, "true");
    }
    SafetensorsWriter.write(file(directory, number), metadata, entries);
  }

  private void map(TensorFile file, boolean last) {
    for (String name : POSTERIOR) {
      require(file, name, DType.F32, 4);
    }
    require(file, LABELS, DType.I64, 1);
    List<Tensor> shard = POSTERIOR.stream().map(name -> file.map(name, scope)).toList();
    List<Tensor> model = shards.isEmpty() ? shard : shards.getFirst();
    int n = file.tensors().get(LABELS).shape().dim(0);
    int full = model.getFirst().dim(0);
    Shape expected = Shape.of(n).plus(example(model));
    if (n < 1
        || (last ? n > full : n != full)
        || shard.stream().anyMatch(t -> !t.shape().equals(expected))) {
      throw unfit(file.source());
    }
    if (labels.size() > Integer.MAX_VALUE - n) {
      throw new JditException(file.source() + " makes more than 2147483647 latents");
    }
    shards.add(shard);
    try (TensorScope mapped = TensorScope.open(new Memory())) {
      for (long label : file.map(LABELS, mapped).toLongs()) {
        labels.add(Math.clamp(label, -1, Integer.MAX_VALUE));
      }
    }
  }

  private static Shape example(List<Tensor> shard) {
    return shard.getFirst().shape().sub(1, 4);
  }

  private static JditException unfit(String file) {
    return new JditException(
        file + " does not fit itself or the files before it; extract the latents anew");
  }

  private static void require(TensorFile file, String name, DType type, int rank) {
    Spec spec = file.tensors().get(name);
    if (spec == null || spec.dtype() != type || spec.shape().rank() != rank) {
      throw new JditException(
          "%s has %s as %s, where latents have %s of rank %d"
              .formatted(file.source(), name, spec, type, rank));
    }
  }

  private void check(Path directory) {
    if (!(scaling > 0 && Float.isFinite(scaling))) {
      throw new JditException(
          "the latents in %s have a scaling factor of %s; extract them anew"
              .formatted(directory, scaling));
    }
    for (int i = 0; i < labels.size(); i++) {
      if (labels.get(i) < 0 || labels.get(i) >= classes) {
        throw new JditException(
            "%s has a label that is none of its %d classes; extract the latents anew"
                .formatted(file(directory, i / perShard), classes));
      }
    }
  }

  @Override
  public int size() {
    return labels.size();
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
    return labels.get(index);
  }

  @Override
  public void read(int index, RandomGenerator random, float[] into, int offset) {
    List<Tensor> shard = shards.get(Objects.checkIndex(index, labels.size()) / perShard);
    int flipped = flips && random.nextBoolean() ? 2 : 0;
    MemorySegment mean = shard.get(flipped).concrete().data();
    MemorySegment std = shard.get(flipped + 1).concrete().data();
    int each = (int) shape.numel();
    long row = (long) (index % perShard) * each;
    for (int i = 0; i < each; i++) {
      float draw = (float) random.nextGaussian();
      into[offset + i] =
          (mean.getAtIndex(FLOAT, row + i) + std.getAtIndex(FLOAT, row + i) * draw) * scaling;
    }
  }

  @Override
  public void close() {
    scope.close();
  }
}
