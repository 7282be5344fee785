package org.jdit.dit.data;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jdit.dit.data.ImageFolder.Example;
import org.jdit.dit.data.ImageFolder.Unreadable;
import org.jdit.dit.image.RgbImage;
import org.jdit.tensor.JditException;

/** One reading of all pictures, by as many workers as there are processors. */
final class Verification {
  private final List<Example> examples;
  private final IntConsumer progress;
  private final AtomicReferenceArray<String> reasons;
  private final AtomicInteger next = new AtomicInteger();
  private final Object turn = new Object();
  private int done;

  Verification(List<Example> examples, IntConsumer progress) {
    this.examples = examples;
    this.progress = progress;
    this.reasons = new AtomicReferenceArray<>(examples.size());
  }

  List<Unreadable> run() {
    int workers = Runtime.getRuntime().availableProcessors();
    ExecutorService pool = Executors.newFixedThreadPool(workers);
    try {
      List<Callable<Void>> work = Collections.nCopies(workers, this::readOn);
      for (Future<Void> worker : pool.invokeAll(work)) {
        FeatureExtraction.await(worker);
      }
      // Workers that were done already have not looked.
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new JditException("interrupted while reading the training images", e);
    } finally {
      pool.shutdownNow();
    }
    return IntStream.range(0, examples.size())
        .filter(i -> reasons.get(i) != null)
        .mapToObj(i -> new Unreadable(examples.get(i).file(), reasons.get(i)))
        .toList();
  }

  private Void readOn() {
    for (int i = next.getAndIncrement();
        i < examples.size() && !Thread.currentThread().isInterrupted();
        i = next.getAndIncrement()) {
      try {
        RgbImage.read(examples.get(i).file());
      } catch (JditException e) {
        reasons.set(i, e.getMessage());
      }
      synchronized (turn) {
        progress.accept(++done);
      }
    }
    return null;
  }
}
