package org.jdit.dit.data;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import org.jdit.dit.data.PosteriorEncoder.Picture;
import org.jdit.dit.sample.Model;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.spi.Backend;

/**
 * Encodes a folder of pictures to features to train on. Files appear one by one, each complete, and
 * those that are there are not made again, so that an extraction that was stopped goes on where it
 * was. The bytes depend neither on where it was stopped nor on batch or workers.
 *
 * @param backend encodes
 * @param vae the autoencoder; stays the caller's to close
 * @param folder the pictures
 * @param settings what to make of them
 * @param batch pictures to encode at once
 * @param workers threads that read pictures while others are encoded
 */
public record FeatureExtraction(
    Backend backend,
    Model.Autoencoder vae,
    ImageFolder folder,
    Settings settings,
    int batch,
    int workers) {
  private static final int PIXEL_CHANNELS = 3;
  private static final int LARGEST = 16_384;

  /** A layout of features. */
  public enum Format {
    /** {@link LatentShards}: draw and flip stay random. */
    SAFETENSORS,
    /** {@link FeatureFolder}, fast-DiT's: draw and flip are made now. */
    NPY
  }

  /**
   * What decides the features, besides the pictures and the autoencoder.
   *
   * @param imageSize width and height that pictures are cropped to
   * @param perFile pictures in a file of {@link Format#SAFETENSORS}
   * @param seed of the draws of {@link Format#NPY}
   */
  public record Settings(Format format, int imageSize, int perFile, long seed) {
    /**
     * Checks the count.
     *
     * @throws JditException if no picture goes into a file
     */
    public Settings {
      if (perFile < 1) {
        throw new JditException("--per-file is 1 or more, not " + perFile);
      }
    }
  }

  /**
   * Checks the ranges.
   *
   * @throws JditException naming what lies outside
   */
  public FeatureExtraction {
    checkCounts(settings.imageSize(), batch, workers);
    int files = (folder.examples().size() - 1) / settings.perFile() + 1;
    if (settings.format() == Format.SAFETENSORS && files > ShardSink.MOST_FILES) {
      throw new JditException(
          "--per-file %d makes %d files of %d images, more than %d: choose a larger one"
              .formatted(
                  settings.perFile(), files, folder.examples().size(), ShardSink.MOST_FILES));
    }
  }

  /**
   * Checks what can be checked without pictures.
   *
   * @throws JditException naming what lies outside
   */
  public static void checkCounts(int imageSize, int batch, int workers) {
    if (imageSize < 1 || imageSize > LARGEST) {
      throw new JditException("--image-size is from 1 to %d, not %d".formatted(LARGEST, imageSize));
    }
    long most = Integer.MAX_VALUE / ((long) PIXEL_CHANNELS * imageSize * imageSize);
    if (batch < 1 || batch > most) {
      throw new JditException(
          "--batch is from 1 to %d with images of %d pixels, not %d"
              .formatted(most, imageSize, batch));
    }
    if (workers < 1) {
      throw new JditException("--num-workers is 1 or more, not " + workers);
    }
  }

  /**
   * Refuses, before a picture is read or anything is written, what {@link #run} would refuse: an
   * image size that does not fit, other settings than those that the directory was begun with,
   * files of something else.
   *
   * @param fewer whether pictures of the folder are yet to be left out, so that it may hold more
   *     than the one that was begun with
   * @return whether all features are there; never true if {@code fewer}
   * @throws JditException as {@link #run}
   */
  public boolean isComplete(Path directory, boolean fewer) {
    Shape latents = PosteriorEncoder.latents(vae.config(), settings.imageSize());
    if (!ExtractionRecord.isIn(directory)) {
      return false;
    }
    ExtractionRecord.of(settings, folder, vae, fewer).requireSame(directory);
    if (fewer) {
      return false;
    }
    try (FeatureSink sink = sink(directory, latents)) {
      return sink.missing(batch).isEmpty();
    }
  }

  /**
   * Extracts what is not there yet.
   *
   * @param directory made if need be
   * @param progress hears how many pictures are done, those that were there included
   * @return how many pictures were encoded now
   * @throws JditException if the directory was begun with other settings or holds other files, a
   *     picture cannot be read, memory is short, or a file cannot be written
   */
  public int run(Path directory, IntConsumer progress) {
    Shape latents = PosteriorEncoder.latents(vae.config(), settings.imageSize());
    ExtractionRecord.of(settings, folder, vae, false).begin(directory);
    try (FeatureSink sink = sink(directory, latents)) {
      List<List<Integer>> batches = sink.missing(batch);
      int todo = batches.stream().mapToInt(List::size).sum();
      int before = folder.examples().size() - todo;
      progress.accept(before);
      if (todo == 0) {
        return 0;
      }
      try (PosteriorEncoder encoder =
          new PosteriorEncoder(backend, vae, settings.imageSize(), batch, sink.bytes())) {
        encode(batches, sink, encoder, done -> progress.accept(before + done));
      }
      return todo;
    }
  }

  private FeatureSink sink(Path directory, Shape latents) {
    double scaling = vae.config().scalingFactor();
    return switch (settings.format()) {
      case SAFETENSORS -> new ShardSink(directory, folder, settings.perFile(), scaling, latents);
      case NPY ->
          new ArraySink(directory, folder, settings.imageSize(), settings.seed(), scaling, latents);
    };
  }

  /** The pictures of a batch are read while the one before it is encoded. */
  private void encode(
      List<List<Integer>> batches,
      FeatureSink sink,
      PosteriorEncoder encoder,
      IntConsumer progress) {
    ExecutorService pool =
        Executors.newFixedThreadPool(
            workers, Thread.ofPlatform().daemon().name("jdit-pictures-", 0).factory());
    try {
      int done = 0;
      List<Future<Picture>> next = read(batches.getFirst(), pool);
      for (int i = 0; i < batches.size(); i++) {
        List<Future<Picture>> now = next;
        next = i + 1 < batches.size() ? read(batches.get(i + 1), pool) : List.of();
        sink.add(now.stream().map(FeatureExtraction::await).toList(), encoder);
        done += now.size();
        progress.accept(done);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private List<Future<Picture>> read(List<Integer> indices, ExecutorService pool) {
    PixelSet pixels = new PixelSet(folder, settings.imageSize(), false);
    return indices.stream()
        .map(
            i ->
                pool.submit(
                    () -> new Picture(i, folder.examples().get(i).file(), pixels.picture(i))))
        .toList();
  }

  /** What was read on another thread; its errors, such as those of memory, as they are. */
  static <T> T await(Future<T> reading) {
    try {
      return reading.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new JditException("interrupted while reading the images", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case JditException unreadable -> throw unreadable;
        case Error error -> throw error;
        default -> throw new IllegalStateException("reading the images failed", e.getCause());
      }
    }
  }
}
