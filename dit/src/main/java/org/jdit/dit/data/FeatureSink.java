package org.jdit.dit.data;

import java.util.List;
import org.jdit.dit.data.PosteriorEncoder.Picture;

/** Where the features of pictures go, file by file. For one thread. */
sealed interface FeatureSink extends AutoCloseable permits ShardSink, ArraySink {
  /** Numbers of the pictures whose features are not there yet, in batches of {@code size}. */
  List<List<Integer>> missing(int size);

  /** Bytes that it holds until a file is complete. */
  long bytes();

  /** Encodes a batch of {@link #missing}, which come in turn. */
  void add(List<Picture> batch, PosteriorEncoder encoder);

  /** Forgets what is not written. */
  @Override
  void close();
}
