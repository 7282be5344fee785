package org.jdit.tensor.cpu.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fixed team of threads that share out the tiles of one kernel at a time; the calling thread is
 * one of them. Which thread computes which tile is decided while running, so a tile's result must
 * not depend on it. Idle helpers are parked.
 */
public final class Workers implements AutoCloseable {
  /** The body of a parallel loop. */
  @FunctionalInterface
  public interface Tile {
    /**
     * Computes one tile.
     *
     * @param tile number of the tile
     * @param worker number of the thread, {@code 0..threads-1}: at any time one thread has it
     */
    void run(int tile, int worker);
  }

  /** How long a thread looks for work before it parks: about the cost of waking it again. */
  private static final long SPIN_NANOS = 4_000;

  // The region: its number above, whether helpers may still enter, how many are inside below.
  private static final long OPEN = 1L << 31;
  private static final long INSIDE = OPEN - 1;
  private static final long NUMBER = 1L << 32;

  private final Helper[] helpers;
  private final ReentrantLock running = new ReentrantLock();
  private final AtomicLong region = new AtomicLong();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private Tile body;
  private int tiles;
  private volatile Thread waiting;
  private volatile boolean closed;

  /**
   * Starts {@code threads - 1} daemon threads.
   *
   * @throws IllegalArgumentException if {@code threads} is less than 1
   */
  public Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be 1 or more, not " + threads);
    }
    helpers = new Helper[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Helper(i + 1);
    }
    for (Helper h : helpers) {
      h.thread.start();
    }
  }

  /** How many threads work, the caller included. */
  public int threads() {
    return helpers.length + 1;
  }

  /**
   * Runs {@code body} once for each tile {@code 0..tiles-1} and returns when all are done. If a
   * tile throws, tiles that have not begun are left out and the first failure is thrown here.
   * Callers on several threads take turns.
   *
   * @throws IllegalStateException if called by the body of a tile, or after {@link #close()}
   */
  public void run(int tiles, Tile body) {
    if (running.isHeldByCurrentThread() || isHelper(Thread.currentThread())) {
      throw new IllegalStateException("a tile must not start a parallel loop of its own workers");
    }
    running.lock();
    try {
      if (closed) {
        throw new IllegalStateException("these workers are closed");
      }
      this.tiles = tiles;
      this.body = body;
      next.set(0);
      int helping = Math.min(tiles - 1, helpers.length);
      if (helping > 0) {
        region.set(((region.get() / NUMBER + 1) * NUMBER) | OPEN);
        for (int i = 0; i < helping; i++) {
          helpers[i].wake();
        }
      }
      work(0);
      if (helping > 0) {
        awaitHelpers();
      }
      this.body = null;
      rethrow(failure.getAndSet(null));
    } finally {
      running.unlock();
    }
  }

  private boolean isHelper(Thread thread) {
    for (Helper h : helpers) {
      if (h.thread.equals(thread)) {
        return true;
      }
    }
    return false;
  }

  private void work(int worker) {
    Tile tile = body;
    int count = tiles;
    try {
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        tile.run(i, worker);
      }
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
      next.set(count);
    }
  }

  /** Shuts the region, so that helpers that slept through it stay out, and waits for the others. */
  private void awaitHelpers() {
    waiting = Thread.currentThread();
    region.getAndAdd(-OPEN);
    long until = System.nanoTime() + SPIN_NANOS;
    boolean interrupted = false;
    while ((region.get() & INSIDE) != 0) {
      if (System.nanoTime() < until) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
    }
    waiting = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void rethrow(Throwable failure) {
    switch (failure) {
      case null -> {}
      case Error e -> throw e;
      case RuntimeException e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  /** Stops the helpers once they are idle; they end soon after. */
  @Override
  public void close() {
    running.lock();
    try {
      closed = true;
      for (Helper h : helpers) {
        LockSupport.unpark(h.thread);
      }
    } finally {
      running.unlock();
    }
  }

  private final class Helper implements Runnable {
    private final int worker;
    private final Thread thread;
    private volatile boolean parked;

    Helper(int worker) {
      this.worker = worker;
      this.thread = Thread.ofPlatform().daemon().name("jdit-cpu-" + worker).unstarted(this);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void run() {
      long seen = 0;
      while (!closed) {
        long now = region.get();
        if ((now & OPEN) == 0 || now / NUMBER == seen) {
          idle(seen);
        } else if (region.compareAndSet(now, now + 1)) {
          seen = now / NUMBER;
          work(worker);
          long left = region.decrementAndGet();
          Thread caller = waiting;
          if ((left & (OPEN | INSIDE)) == 0 && caller != null) {
            LockSupport.unpark(caller);
          }
        }
      }
    }

    private void idle(long seen) {
      long until = System.nanoTime() + SPIN_NANOS;
      while (nothingNew(seen) && System.nanoTime() < until) {
        Thread.onSpinWait();
      }
      parked = true;
      if (nothingNew(seen)) {
        LockSupport.park(Workers.this);
      }
      parked = false;
    }

    private boolean nothingNew(long seen) {
      long now = region.get();
      return !closed && ((now & OPEN) == 0 || now / NUMBER == seen);
    }
  }
}
