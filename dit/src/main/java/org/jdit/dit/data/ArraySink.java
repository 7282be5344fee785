package org.jdit.dit.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jdit.dit.data.PosteriorEncoder.Moments;
import org.jdit.dit.data.PosteriorEncoder.Picture;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * Features as {@link FeatureFolder} reads them: latents that are drawn now, of the picture or of
 * its mirror image, times the scaling factor. What is drawn depends on the seed and the picture's
 * number alone.
 */
final class ArraySink implements FeatureSink {
  private final Path features;
  private final Path labels;
  private final ImageFolder folder;
  private final long seed;
  private final float scaling;
  private final Shape latents;

  ArraySink(
      Path directory, ImageFolder folder, int imageSize, long seed, double scaling, Shape latents) {
    String stem = "imagenet" + imageSize;
    features = directory.resolve(stem + FeatureFolder.FEATURES);
    labels = directory.resolve(stem + FeatureFolder.LABELS);
    this.folder = folder;
    this.seed = seed;
    this.scaling = (float) scaling;
    this.latents = latents;
    try {
      Files.createDirectories(features);
      Files.createDirectories(labels);
    } catch (IOException e) {
      throw new JditException("cannot make folders in %s: %s".formatted(directory, e), e);
    }
  }

  private static Path file(Path folder, int index) {
    return folder.resolve(index + ".npy");
  }

  @Override
  public List<List<Integer>> missing(int size) {
    List<Integer> all =
        IntStream.range(0, folder.examples().size())
            .filter(i -> !Files.exists(file(features, i)) || !Files.exists(file(labels, i)))
            .boxed()
            .toList();
    List<List<Integer>> batches = new ArrayList<>();
    for (int i = 0; i < all.size(); i += size) {
      batches.add(all.subList(i, Math.min(all.size(), i + size)));
    }
    return batches;
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public void add(List<Picture> batch, PosteriorEncoder encoder) {
    List<Random> random = batch.stream().map(p -> random(p.index())).toList();
    List<Picture> views =
        IntStream.range(0, batch.size())
            .mapToObj(i -> random.get(i).nextBoolean() ? batch.get(i).mirrored() : batch.get(i))
            .toList();
    Moments moments = encoder.encode(views);
    int each = Math.toIntExact(latents.numel());
    for (int i = 0; i < batch.size(); i++) {
      int index = batch.get(i).index();
      float[] drawn = new float[each];
      for (int k = 0; k < each; k++) {
        float noise = (float) random.get(i).nextGaussian();
        drawn[k] = (moments.mean()[i * each + k] + moments.std()[i * each + k] * noise) * scaling;
      }
      try (TensorScope scope = TensorScope.open(new Memory())) {
        long label = folder.examples().get(index).label();
        Npy.write(file(labels, index), scope.of(Shape.of(1), label));
        Npy.write(file(features, index), scope.of(Shape.of(1).plus(latents), drawn));
      }
    }
  }

  /** Java's contract says what {@link Random} draws, on any JVM. */
  private Random random(int index) {
    return new Random(scrambled(scrambled(seed) + index));
  }

  private static long scrambled(long z) {
    return new SplittableRandom(z).nextLong();
  }

  @Override
  public void close() {}
}
