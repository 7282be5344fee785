package org.jdit.dit.data;

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
import java.util.stream.LongStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
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

  /** A file, mapped. */
  private record Shard(List<Tensor> posterior, List<Integer> labels) {
    int size() {
      return labels.size();
    }
  }

  private final TensorScope scope;
  private final List<TensorFile> files = new ArrayList<>();
  private final List<Shard> shards = new ArrayList<>();
  private final int classes;
  private final float scaling;
  private final Shape shape;
  private final int perShard;
  private final boolean flips;

  private LatentShards(Path directory, boolean flips) {
    this.flips = flips;
    scope = TensorScope.open(new Memory());
    try {
      Map<String, String> metadata = Map.of();
      while (!metadata.containsKey(LAST)) {
        TensorFile file = Safetensors.open(file(directory, files.size()));
        files.add(file);
        metadata = file.metadata();
        shards.add(map(file));
      }
      classes = Integer.parseInt(metadata.getOrDefault(CLASSES, ""));
      scaling = Float.parseFloat(metadata.getOrDefault(SCALING, ""));
      Shape first = shards.getFirst().posterior().getFirst().shape();
      shape = first.sub(1, first.rank());
      perShard = shards.getFirst().size();
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
   * @param posterior mean, standard deviation, and both of the mirror images, {@code [n, C, h, w]}
   * @param labels of the n pictures
   * @param last whether no file follows
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

  private Shard map(TensorFile file) {
    for (String name : POSTERIOR) {
      require(file, name, DType.F32, 4);
    }
    require(file, LABELS, DType.I64, 1);
    return new Shard(
        POSTERIOR.stream().map(name -> file.map(name, scope)).toList(),
        LongStream.of(file.map(LABELS, scope).toLongs()).mapToObj(Math::toIntExact).toList());
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
    for (int i = 0; i < shards.size(); i++) {
      Shard s = shards.get(i);
      boolean full = s.size() == perShard || (i == shards.size() - 1 && s.size() <= perShard);
      Shape expected = Shape.of(s.size()).plus(shape);
      if (!full || s.posterior().stream().anyMatch(t -> !t.shape().equals(expected))) {
        throw new JditException(
            file(directory, i) + " does not fit the files before it; extract the latents anew");
      }
      for (int label : s.labels()) {
        if (label < 0 || label >= classes) {
          throw new JditException(
              "%s has a label of %d among %d classes"
                  .formatted(file(directory, i), label, classes));
        }
      }
    }
  }

  @Override
  public int size() {
    return (shards.size() - 1) * perShard + shards.getLast().size();
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
    return shard(index).labels().get(index % perShard);
  }

  private Shard shard(int index) {
    return shards.get(Objects.checkIndex(index, size()) / perShard);
  }

  @Override
  public void read(int index, RandomGenerator random, float[] into, int offset) {
    int flipped = flips && random.nextBoolean() ? 2 : 0;
    Value.Concrete mean = shard(index).posterior().get(flipped).concrete();
    Value.Concrete std = shard(index).posterior().get(flipped + 1).concrete();
    int each = (int) shape.numel();
    long row = (long) (index % perShard) * each;
    for (int i = 0; i < each; i++) {
      float draw = (float) random.nextGaussian();
      into[offset + i] = (at(mean, row + i) + at(std, row + i) * draw) * scaling;
    }
  }

  private static float at(Value.Concrete t, long i) {
    return t.data()
        .get(
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
            (t.layout().offset() + i) * Float.BYTES);
  }

  @Override
  public void close() {
    scope.close();
    files.forEach(TensorFile::close);
  }
}
