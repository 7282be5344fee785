package org.jdit.tensor.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A source of off-heap slabs that knows how many bytes are live. Every slab is released by hand;
 * nothing is left to the garbage collector. Safe for use by several threads.
 */
public final class Memory {
  /** Alignment of every slab: one cache line, one 512-bit vector. */
  public static final int ALIGNMENT = 64;

  private final AtomicLong live = new AtomicLong();
  private final AtomicLong peak = new AtomicLong();

  /** Zero-filled memory owned by whoever closes it. */
  public final class Slab implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    private Slab(long bytes) {
      segment = arena.allocate(Math.max(bytes, 1), ALIGNMENT);
      peak.accumulateAndGet(live.addAndGet(segment.byteSize()), Math::max);
    }

    /** The memory; touching it after {@link #close()} throws. */
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
        live.addAndGet(-segment.byteSize());
      }
    }
  }

  /** Allocates a slab of at least {@code bytes}. */
  public Slab allocate(long bytes) {
    return new Slab(bytes);
  }

  /** Bytes of all slabs that are not closed. */
  public long liveBytes() {
    return live.get();
  }

  /** The largest number of live bytes so far. */
  public long peakBytes() {
    return peak.get();
  }
}
