package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;

/** Matrix products in double, element by element; one task for each row. */
public final class WideMatMul implements Step {
  private final Workers workers;
  private final Operand a;
  private final Operand b;
  private final Operand c;
  private final Reader atA;
  private final Reader atB;

  /** The product {@code a [..., M, K] · b [..., K, N]} into {@code c}. */
  public WideMatMul(Workers workers, Operand a, Operand b, Operand c) {
    this.workers = workers;
    Shape batch = c.shape().sub(0, c.shape().rank() - 2);
    this.a = a.expand(batch.plus(Shape.of(a.shape().dim(-2), a.shape().dim(-1))));
    this.b = b.expand(batch.plus(Shape.of(b.shape().dim(-2), b.shape().dim(-1))));
    this.c = c;
    atA = new Reader(this.a);
    atB = new Reader(this.b);
  }

  @Override
  public void run() {
    int n = c.shape().dim(-1);
    workers.run(n == 0 ? 0 : Math.toIntExact(c.numel() / n), (row, _) -> row(row));
  }

  private void row(int row) {
    int n = c.shape().dim(-1);
    int terms = a.shape().dim(-1);
    long matrix = row / c.shape().dim(-2);
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int k = 0; k < terms; k++) {
        sum +=
            Elements.get(a.data(), a.dtype(), atA.position((long) row * terms + k))
                * Elements.get(b.data(), b.dtype(), atB.position((matrix * terms + k) * n + j));
      }
      Elements.set(c.data(), c.dtype(), c.layout().offset() + (long) row * n + j, sum);
    }
  }
}
