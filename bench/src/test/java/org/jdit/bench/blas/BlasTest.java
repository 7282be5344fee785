package org.jdit.bench.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.bench.Contender;
import org.jdit.bench.Workload;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A BLAS is called as the interface of CBLAS has it; here, one whose functions are in Java. */
@SuppressWarnings("restricted")
class BlasTest {
  private final Arena arena = Arena.ofConfined();
  private final Map<String, MemorySegment> symbols = new HashMap<>();
  private int products;
  private int threads;

  @AfterEach
  void close() {
    arena.close();
  }

  private Blas blas() {
    return new Blas("libjava", name -> Optional.ofNullable(symbols.get(name)));
  }

  private void define(String name, String method, FunctionDescriptor type) throws Exception {
    MethodType java = type.toMethodType();
    MethodHandle body = MethodHandles.lookup().bind(this, method, java);
    symbols.put(name, Linker.nativeLinker().upcallStub(body, type, arena));
  }

  private void defineSgemm() throws Exception {
    define(
        "cblas_sgemm",
        "sgemm",
        FunctionDescriptor.ofVoid(
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_FLOAT,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            JAVA_INT,
            JAVA_FLOAT,
            ADDRESS,
            JAVA_INT));
  }

  private void defineSetThreads(String name) throws Exception {
    define(name, "setThreads", FunctionDescriptor.ofVoid(JAVA_INT));
  }

  /** Row-major products of a plain matrix and a transposed one, after the reference BLAS. */
  void sgemm(
      int layout,
      int transA,
      int transB,
      int m,
      int n,
      int k,
      float alpha,
      MemorySegment a,
      int lda,
      MemorySegment b,
      int ldb,
      float beta,
      MemorySegment c,
      int ldc) {
    products++;
    if (layout != 101 || transA != 111 || transB != 112 || beta != 0) {
      return;
    }
    MemorySegment as = a.reinterpret(4L * m * lda);
    MemorySegment bs = b.reinterpret(4L * n * ldb);
    MemorySegment cs = c.reinterpret(4L * m * ldc);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int l = 0; l < k; l++) {
          sum += at(as, i * lda + l) * at(bs, j * ldb + l);
        }
        cs.setAtIndex(JAVA_FLOAT, (long) i * ldc + j, alpha * sum);
      }
    }
  }

  void setThreads(int n) {
    threads = n;
  }

  private static float at(MemorySegment s, long i) {
    return s.getAtIndex(JAVA_FLOAT, i);
  }

  @Test
  void multipliesByTheTransposedWeight() throws Exception {
    defineSgemm();
    MemorySegment a = arena.allocateFrom(JAVA_FLOAT, 1, 2, 3, 4, 5, 6);
    MemorySegment b = arena.allocateFrom(JAVA_FLOAT, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1);
    MemorySegment c = arena.allocate(JAVA_FLOAT, 8);
    blas().multiply(2, 3, 4, a, b, c);
    assertThat(c.toArray(JAVA_FLOAT)).containsExactly(1, 2, 3, 6, 4, 5, 6, 15);
  }

  @Test
  void runsALayerOnTheThreadsThatWereAskedFor() throws Exception {
    defineSgemm();
    for (String name : List.of("openblas_set_num_threads", "MKL_Set_Num_Threads")) {
      threads = 0;
      products = 0;
      defineSetThreads(name);
      try (Contender layer = blas().load(Workload.linear(2, 3, 4), 7)) {
        assertThat(layer.seconds(5)).hasSize(5);
      }
      assertThat(threads).as(name).isEqualTo(7);
      assertThat(products).isEqualTo(5);
      assertThat(blas().version()).isEqualTo("libjava");
      symbols.remove(name);
    }
  }

  @Test
  void saysThatItsThreadsCannotBeSet() throws Exception {
    defineSgemm();
    assertThat(blas().version()).isEqualTo("libjava with as many threads as it takes");
  }

  @Test
  void refusesWhatIsNoLayer() throws Exception {
    defineSgemm();
    Blas blas = blas();
    assertThatThrownBy(() -> blas.load(Workload.gelu(2, 3), 1))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("no gelu");
  }
}
