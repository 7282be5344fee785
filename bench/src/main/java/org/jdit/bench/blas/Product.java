package org.jdit.bench.blas;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jdit.bench.Contender;
import org.jdit.bench.RandomNumbers;
import org.jdit.bench.Stopwatch;
import org.jdit.tensor.Spec;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/** One product by a BLAS, its operands in place. */
final class Product implements Contender {
  /** OpenBLAS's threads look for work for 30 ms before they sleep, MKL's for 200 ms. */
  private static final long SPIN_MILLIS = 250;

  private final TensorScope scope = TensorScope.open(new Memory());
  private final Runnable product;

  Product(Blas blas, int m, int k, int n) {
    MemorySegment a = RandomNumbers.operand(Spec.f32(m, k), scope).concrete().data();
    MemorySegment b = RandomNumbers.weight(Spec.f32(n, k), scope).concrete().data();
    MemorySegment c = scope.zeros(Spec.f32(m, n)).concrete().data();
    product = () -> blas.multiply(m, k, n, a, b, c);
  }

  @Override
  public List<Double> seconds(int runs) {
    return Stopwatch.seconds(runs, product);
  }

  @Override
  public void rest() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(SPIN_MILLIS));
  }

  @Override
  public void close() {
    scope.close();
  }
}
