package org.jdit.dit.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.train.Seeds.Purpose;

/**
 * The batches of a training, each made of the seed and the number of its step alone; the next one
 * is made while a step runs. Every epoch has another order and leaves out the examples that fill no
 * batch, as torch's DistributedSampler and {@code drop_last} do.
 */
final class BatchLoader implements AutoCloseable {
  /**
   * Examples with what is drawn for them.
   *
   * @param xStart {@code [N, C, H, W]}
   * @param labels class of each, dropped ones replaced
   * @param noise standard normal, of the size of {@code xStart}
   */
  @SuppressWarnings("ArrayRecordComponent") // numbers in bulk; nobody compares them by equals
  record Examples(float[] xStart, int[] labels, float[] noise) {}

  /**
   * What becomes of labels.
   *
   * @param share of them that is replaced by the null class
   * @param nullClass of the network, which may have more classes than the data
   */
  record Dropout(double share, int nullClass) {
    static final Dropout NONE = new Dropout(0, 0);
  }

  private record Next(long step, CompletableFuture<Examples> examples) {}

  private final TrainingSet set;
  private final int batch;
  private final Seeds seeds;
  private final Dropout dropout;
  private final int workers;
  private final ExecutorService pool;
  private Next next;
  private int[] order = {};
  private long orderEpoch = -1;

  /**
   * A loader.
   *
   * @param workers threads that read examples, 1 or more
   */
  BatchLoader(TrainingSet set, int batch, Seeds seeds, Dropout dropout, int workers) {
    this.set = set;
    this.batch = batch;
    this.seeds = seeds;
    this.dropout = dropout;
    this.workers = workers;
    pool =
        Executors.newFixedThreadPool(
            workers, Thread.ofPlatform().daemon().name("jdit-data-", 0).factory());
  }

  /** Batches in an epoch. */
  int stepsPerEpoch() {
    return set.size() / batch;
  }

  /**
   * The examples of a step.
   *
   * @param step from 1
   * @throws org.jdit.tensor.JditException if an example cannot be read
   */
  Examples examples(long step) {
    CompletableFuture<Examples> wanted =
        next != null && next.step() == step ? next.examples() : start(step);
    next = new Next(step + 1, start(step + 1));
    try {
      return wanted.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private CompletableFuture<Examples> start(long step) {
    int[] indices = indices(step);
    int each = Math.toIntExact(set.shape().numel());
    Examples made = new Examples(new float[batch * each], new int[batch], new float[batch * each]);
    List<CompletableFuture<?>> parts = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      int first = w;
      parts.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = first; i < batch; i += workers) {
                  set.read(
                      indices[i],
                      seeds.random(Purpose.EXAMPLE, (step - 1) * batch + i),
                      made.xStart(),
                      i * each);
                }
              },
              pool));
    }
    parts.add(CompletableFuture.runAsync(() -> draw(step, indices, made), pool));
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(_ -> made);
  }

  private void draw(long step, int[] indices, Examples into) {
    seeds.torch(Purpose.NOISE, step).fillNormal(into.noise(), 0, into.noise().length, 0, 1);
    float[] drop = seeds.torch(Purpose.LABEL_DROPOUT, step).rand(batch);
    for (int i = 0; i < batch; i++) {
      into.labels()[i] = drop[i] < dropout.share() ? dropout.nullClass() : set.label(indices[i]);
    }
  }

  private int[] indices(long step) {
    long epoch = (step - 1) / stepsPerEpoch();
    if (epoch != orderEpoch) {
      long[] drawn = seeds.torch(Purpose.ORDER, epoch).randperm(set.size());
      order = IntStream.range(0, drawn.length).map(i -> (int) drawn[i]).toArray();
      orderEpoch = epoch;
    }
    int at = Math.toIntExact((step - 1) % stepsPerEpoch()) * batch;
    return Arrays.copyOfRange(order, at, at + batch);
  }

  @Override
  public void close() {
    pool.shutdownNow();
    pool.close(); // waits, since the data may be closed next
  }
}
