package org.jdit.bench;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jdit.tensor.cpu.kernel.Lanes;
import org.jdit.tensor.cpu.kernel.Workers;
import org.jdit.tensor.memory.Memory;

/**
 * The most that the processor does with a number of threads, measured by loops on the engine's
 * vectors: what no kernel of such vectors is faster than.
 */
public final class Peak {
  private static final Stopwatch STOPWATCH = new Stopwatch(0.3, 30);
  private static final VectorSpecies<Float> F32 = Lanes.F32;
  private static final int ACCUMULATORS = 12;
  private static final int ROUNDS = 20_000;
  private static final int TILES = 200;
  private static final int TILE_BYTES = 1 << 18;
  private static final long MIB = 1 << 20;

  private Peak() {}

  /** Fused multiply-adds on vectors in registers, in 10⁹ floating-point operations a second. */
  public static double fmaGflops(int threads) {
    double flops = 2.0 * ACCUMULATORS * F32.length() * ROUNDS * TILES * threads;
    return rate(flops, threads, TILES * threads, _ -> multiplyAndAdd(ROUNDS));
  }

  /** A copy of an array of so many MiB, read and written, in 10⁹ bytes a second. */
  public static double copyGbytes(int threads, int mib) {
    try (Memory.Slab from = slab(mib);
        Memory.Slab to = slab(mib)) {
      return bandwidth(2, threads, mib, tile -> copy(from.segment(), to.segment(), tile));
    }
  }

  /** All figures by name; bandwidths are of arrays of so many MiB. */
  public static Map<String, Object> measure(int threads, int mib) {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("threads", threads);
    f.put("fma_gflops", fmaGflops(threads));
    try (Memory.Slab a = slab(mib);
        Memory.Slab b = slab(mib);
        Memory.Slab c = slab(mib)) {
      f.put("read_gbyte_per_second", bandwidth(1, threads, mib, t -> sum(a.segment(), t)));
      f.put("copy_gbyte_per_second", copyGbytes(threads, mib));
      f.put(
          "triad_gbyte_per_second",
          bandwidth(3, threads, mib, t -> triad(a.segment(), b.segment(), c.segment(), t)));
    }
    return f;
  }

  private static Memory.Slab slab(int mib) {
    return new Memory().allocate(mib * MIB);
  }

  /** A part of a loop; the number that it gives keeps the compiler from leaving it out. */
  @FunctionalInterface
  private interface Part {
    float run(int tile);
  }

  private static double bandwidth(int arrays, int threads, int mib, Part part) {
    double bytes = (double) arrays * mib * MIB;
    return rate(bytes, threads, Math.toIntExact(mib * MIB / TILE_BYTES), part);
  }

  /** 10⁹ units of work a second, of the fastest run. */
  private static double rate(double work, int threads, int tiles, Part part) {
    float[] kept = new float[threads];
    try (Workers workers = new Workers(threads)) {
      Runnable all = () -> workers.run(tiles, (tile, worker) -> kept[worker] += part.run(tile));
      Contender loop = runs -> Stopwatch.seconds(runs, all);
      return work * 1e-9 / STOPWATCH.compare(List.of(loop)).getFirst().min();
    }
  }

  /**
   * Twelve sums hide the latency of an addition from two units, and leave registers free. What an
   * instruction overwrites is its sum, since C2 copies any other operand first.
   */
  private static float multiplyAndAdd(int rounds) {
    FloatVector half = FloatVector.broadcast(F32, 0.5f);
    FloatVector one = FloatVector.broadcast(F32, 1);
    FloatVector c0 = FloatVector.broadcast(F32, 0);
    FloatVector c1 = FloatVector.broadcast(F32, 1);
    FloatVector c2 = FloatVector.broadcast(F32, 2);
    FloatVector c3 = FloatVector.broadcast(F32, 3);
    FloatVector c4 = FloatVector.broadcast(F32, 4);
    FloatVector c5 = FloatVector.broadcast(F32, 5);
    FloatVector c6 = FloatVector.broadcast(F32, 6);
    FloatVector c7 = FloatVector.broadcast(F32, 7);
    FloatVector c8 = FloatVector.broadcast(F32, 8);
    FloatVector c9 = FloatVector.broadcast(F32, 9);
    FloatVector c10 = FloatVector.broadcast(F32, 10);
    FloatVector c11 = FloatVector.broadcast(F32, 11);
    for (int i = 0; i < rounds; i++) {
      c0 = half.fma(one, c0);
      c1 = half.fma(one, c1);
      c2 = half.fma(one, c2);
      c3 = half.fma(one, c3);
      c4 = half.fma(one, c4);
      c5 = half.fma(one, c5);
      c6 = half.fma(one, c6);
      c7 = half.fma(one, c7);
      c8 = half.fma(one, c8);
      c9 = half.fma(one, c9);
      c10 = half.fma(one, c10);
      c11 = half.fma(one, c11);
    }
    FloatVector low = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
    return low.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
  }

  private static float sum(MemorySegment a, int tile) {
    FloatVector c0 = FloatVector.zero(F32);
    FloatVector c1 = c0;
    FloatVector c2 = c0;
    FloatVector c3 = c0;
    long start = (long) tile * TILE_BYTES;
    int vector = Lanes.BYTES;
    for (long at = start; at < start + TILE_BYTES; at += 4L * vector) {
      c0 = c0.add(load(a, at));
      c1 = c1.add(load(a, at + vector));
      c2 = c2.add(load(a, at + 2L * vector));
      c3 = c3.add(load(a, at + 3L * vector));
    }
    return c0.add(c1).add(c2).add(c3).lane(0);
  }

  private static float copy(MemorySegment from, MemorySegment to, int tile) {
    long start = (long) tile * TILE_BYTES;
    for (long at = start; at < start + TILE_BYTES; at += Lanes.BYTES) {
      load(from, at).intoMemorySegment(to, at, ByteOrder.LITTLE_ENDIAN);
    }
    return 0;
  }

  private static float triad(MemorySegment a, MemorySegment b, MemorySegment c, int tile) {
    FloatVector half = FloatVector.broadcast(F32, 0.5f);
    long start = (long) tile * TILE_BYTES;
    for (long at = start; at < start + TILE_BYTES; at += Lanes.BYTES) {
      load(b, at).fma(half, load(a, at)).intoMemorySegment(c, at, ByteOrder.LITTLE_ENDIAN);
    }
    return 0;
  }

  private static FloatVector load(MemorySegment from, long at) {
    return FloatVector.fromMemorySegment(F32, from, at, ByteOrder.LITTLE_ENDIAN);
  }
}
