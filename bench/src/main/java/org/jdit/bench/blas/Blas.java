package org.jdit.bench.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdit.bench.Contender;
import org.jdit.bench.Rival;
import org.jdit.bench.Workload;
import org.jdit.tensor.JditException;

/**
 * The {@code cblas_sgemm} of a shared library such as OpenBLAS or MKL, at linear layers. Its
 * integers are of 32 bits.
 */
public final class Blas implements Rival {
  private static final FunctionDescriptor SGEMM =
      FunctionDescriptor.ofVoid(
          JAVA_INT,
          JAVA_INT,
          JAVA_INT, // layout, transposition of both
          JAVA_INT,
          JAVA_INT,
          JAVA_INT, // m, n, k
          JAVA_FLOAT,
          ADDRESS,
          JAVA_INT,
          ADDRESS,
          JAVA_INT, // alpha, a, b and their widths
          JAVA_FLOAT,
          ADDRESS,
          JAVA_INT); // beta, c and its width
  private static final FunctionDescriptor SET_THREADS = FunctionDescriptor.ofVoid(JAVA_INT);

  private final String library;
  private final MethodHandle sgemm;
  private final Optional<MethodHandle> setThreads;

  /** The functions that a library has. */
  Blas(String library, SymbolLookup symbols) {
    this.library = library;
    sgemm =
        function(symbols, "cblas_sgemm", SGEMM)
            .orElseThrow(
                () -> new JditException(library + " has no cblas_sgemm, so it is no BLAS"));
    setThreads =
        Stream.of("openblas_set_num_threads", "MKL_Set_Num_Threads")
            .flatMap(name -> function(symbols, name, SET_THREADS).stream())
            .findFirst();
  }

  /**
   * Loads a library, which stays loaded until the process ends, since its threads do.
   *
   * @param library path of a shared library, or a name that the system's loader knows
   * @throws JditException if it does not load or is no BLAS
   */
  @SuppressWarnings("restricted")
  public static Blas load(String library) {
    try {
      return new Blas(library, SymbolLookup.libraryLookup(library, Arena.global()));
    } catch (IllegalArgumentException e) {
      throw new JditException(
          "cannot load %s: give a shared library such as libopenblas.so.0 whose own libraries"
                  .formatted(library)
              + " the system's loader finds",
          e);
    }
  }

  @SuppressWarnings("restricted")
  private static Optional<MethodHandle> function(
      SymbolLookup symbols, String name, FunctionDescriptor type) {
    return symbols.find(name).map(address -> Linker.nativeLinker().downcallHandle(address, type));
  }

  @Override
  public String name() {
    return "blas";
  }

  @Override
  public String label() {
    return "BLAS";
  }

  @Override
  public String version() {
    return library + (setThreads.isPresent() ? "" : " with as many threads as it takes");
  }

  @Override
  public Contender load(Workload workload, int threads) {
    if (!workload.operation().equals("linear")) {
      throw new JditException("a BLAS has no " + workload.operation());
    }
    setThreads.ifPresent(
        set ->
            call(
                () -> {
                  set.invokeExact(threads);
                }));
    var sizes = workload.sizes();
    return new Product(this, (int) sizes.get("m"), (int) sizes.get("k"), (int) sizes.get("n"));
  }

  /** Row-major {@code c[m, n] = a[m, k] · b[n, k]ᵀ}. */
  void multiply(int m, int k, int n, MemorySegment a, MemorySegment b, MemorySegment c) {
    int rowMajor = 101;
    int plain = 111;
    int transposed = 112;
    call(
        () -> {
          sgemm.invokeExact(rowMajor, plain, transposed, m, n, k, 1f, a, k, b, k, 0f, c, n);
        });
  }

  /** A call of a native function. */
  @FunctionalInterface
  private interface Call {
    void run() throws Throwable;
  }

  /** Native functions throw nothing. */
  private static void call(Call call) {
    try {
      call.run();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
