package org.jdit.dit.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.dit.data.PosteriorEncoder.Moments;
import org.jdit.dit.data.PosteriorEncoder.Picture;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/** Features as {@link LatentShards}. */
final class ShardSink implements FeatureSink {
  private static final int TENSORS = 4;

  /** Each file takes four mappings when it is read; Linux allows a process about 65,000. */
  static final int MOST_FILES = 10_000;

  private final Path directory;
  private final ImageFolder folder;
  private final int perFile;
  private final double scaling;
  private final Shape latents;
  private final int count;
  private TensorScope scope = TensorScope.open(new Memory());
  private List<Tensor> posterior = List.of();

  ShardSink(Path directory, ImageFolder folder, int perFile, double scaling, Shape latents) {
    this.directory = directory;
    this.folder = folder;
    this.perFile = perFile;
    this.scaling = scaling;
    this.latents = latents;
    count = folder.examples().size();
  }

  @Override
  public List<List<Integer>> missing(int size) {
    List<List<Integer>> batches = new ArrayList<>();
    for (int first = 0; first < count; first += perFile) {
      if (!Files.exists(LatentShards.file(directory, first / perFile))) {
        int end = first + pictures(first);
        for (int i = first; i < end; i += size) {
          batches.add(IntStream.range(i, Math.min(end, i + size)).boxed().toList());
        }
      }
    }
    return batches;
  }

  /** Pictures in the file that begins with picture {@code first}. */
  private int pictures(int first) {
    return Math.min(perFile, count - first);
  }

  @Override
  public long bytes() {
    return TENSORS * Spec.f32(pictures(0)).bytes() * latents.numel();
  }

  @Override
  public void add(List<Picture> batch, PosteriorEncoder encoder) {
    int at = batch.getFirst().index() % perFile;
    int first = batch.getFirst().index() - at;
    if (at == 0) {
      Shape shape = Shape.of(pictures(first)).plus(latents);
      posterior =
          IntStream.range(0, TENSORS)
              .mapToObj(_ -> scope.zeros(Spec.f32(shape.toArray())))
              .toList();
    }
    put(encoder.encode(batch), 0, at);
    put(encoder.encode(batch.stream().map(Picture::mirrored).toList()), 2, at);
    if (at + batch.size() == pictures(first)) {
      write(first);
      close();
      scope = TensorScope.open(new Memory());
    }
  }

  private void put(Moments moments, int tensor, int at) {
    put(moments.mean(), posterior.get(tensor), at);
    put(moments.std(), posterior.get(tensor + 1), at);
  }

  private void put(float[] from, Tensor to, int at) {
    MemorySegment.copy(
        from,
        0,
        to.concrete().data(),
        ValueLayout.JAVA_FLOAT,
        at * latents.numel() * Float.BYTES,
        from.length);
  }

  private void write(int first) {
    long[] labels =
        folder.examples().subList(first, first + pictures(first)).stream()
            .mapToLong(ImageFolder.Example::label)
            .toArray();
    LatentShards.write(
        directory,
        first / perFile,
        posterior,
        scope.of(Shape.of(labels.length), labels),
        folder.classes().size(),
        scaling,
        first + labels.length == count);
  }

  @Override
  public void close() {
    scope.close();
  }
}
