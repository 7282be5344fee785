package org.jdit.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.jdit.bench.Loaded;
import org.jdit.bench.Workload;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A benchmark of one workload on the CPU backend: runs a second, and the rates that makes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public abstract class Timed {
  /** Threads to compute with; 0 for all processors. */
  @Param("0")
  public int threads;

  private Workload workload;
  private Backend backend;
  private Loaded loaded;

  /** Made for JMH. */
  protected Timed() {}

  /** Counters that JMH divides by the time. */
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  @State(Scope.Thread)
  public static class Rates {
    /** 10⁹ floating-point operations of matrix products. */
    public double gflop;

    /** 10⁹ bytes of operands and results. */
    public double gbyte;

    /** Made for JMH. */
    public Rates() {}
  }

  /** What is timed. */
  abstract Workload workload();

  /** Compiles and loads. */
  @Setup(Level.Trial)
  public void open() {
    workload = workload();
    backend = Backends.open("cpu", new BackendOptions("", threads));
    loaded = Loaded.on(backend, workload);
  }

  /** One run. */
  @Benchmark
  public void run(Rates rates) {
    loaded.run();
    rates.gflop += workload.flops() * 1e-9;
    rates.gbyte += workload.bytes() * 1e-9;
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void close() {
    loaded.close();
    backend.close();
  }
}
