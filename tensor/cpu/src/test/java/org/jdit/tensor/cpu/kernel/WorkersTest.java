package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkersTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyTileRunsOnceAndIsSeenByTheCaller(int threads) {
    try (Workers workers = new Workers(threads)) {
      for (int round = 0; round < 2000; round++) {
        int tiles = round % 23;
        int[] plain = new int[tiles];
        workers.run(tiles, (tile, worker) -> plain[tile] += 1);
        assertThat(plain).containsOnly(tiles == 0 ? new int[0] : new int[] {1});
      }
    }
  }

  @Test
  void noTwoThreadsHaveOneNumberAtTheSameTime() {
    try (Workers workers = new Workers(4)) {
      AtomicIntegerArray busy = new AtomicIntegerArray(4);
      workers.run(
          10_000,
          (tile, worker) -> {
            assertThat(busy.incrementAndGet(worker)).isEqualTo(1);
            busy.decrementAndGet(worker);
          });
    }
  }

  @Test
  void helpersReallyTakePart() {
    try (Workers workers = new Workers(2)) {
      CountDownLatch both = new CountDownLatch(2);
      // Ends only if two threads are in the loop at once.
      workers.run(
          2,
          (tile, worker) -> {
            both.countDown();
            await(both);
          });
      assertThat(both.getCount()).isZero();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aFailureReachesTheCallerAndTheWorkersGoOn(int threads) {
    try (Workers workers = new Workers(threads)) {
      for (int round = 0; round < 200; round++) {
        int bad = round % 50;
        assertThatThrownBy(
                () ->
                    workers.run(
                        50,
                        (tile, worker) -> {
                          if (tile == bad) {
                            throw new ArithmeticException("tile " + tile);
                          }
                        }))
            .isInstanceOf(ArithmeticException.class)
            .hasMessage("tile " + bad);
      }
      int[] plain = new int[100];
      workers.run(100, (tile, worker) -> plain[tile] = tile);
      assertThat(plain[99]).isEqualTo(99);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aLoopInALoopIsRefused(int threads) {
    try (Workers workers = new Workers(threads)) {
      assertThatThrownBy(() -> workers.run(4, (t, w) -> workers.run(2, (u, v) -> {})))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("parallel loop");
    }
  }

  @Test
  void callersOnSeveralThreadsTakeTurns() throws InterruptedException {
    try (Workers workers = new Workers(2)) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread[] callers = new Thread[4];
      for (int c = 0; c < callers.length; c++) {
        callers[c] =
            Thread.ofPlatform()
                .uncaughtExceptionHandler((thread, e) -> failure.set(e))
                .start(
                    () -> {
                      for (int round = 0; round < 500; round++) {
                        int[] plain = new int[7];
                        workers.run(7, (tile, worker) -> plain[tile] += 1);
                        assertThat(plain).containsOnly(1);
                      }
                    });
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(failure.get()).isNull();
    }
  }

  @Test
  void closingStopsTheThreads() throws InterruptedException {
    Workers workers = new Workers(3);
    AtomicReference<Thread> helper = new AtomicReference<>();
    CountDownLatch all = new CountDownLatch(3);
    workers.run(
        3,
        (tile, worker) -> {
          if (worker == 1) {
            helper.set(Thread.currentThread());
          }
          all.countDown();
          await(all);
        });
    workers.close();
    helper.get().join();
    assertThat(helper.get().isAlive()).isFalse();
    assertThatThrownBy(() -> workers.run(1, (tile, worker) -> {}))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void thereIsAtLeastOneThread() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Workers(0));
  }
}
