package org.jdit.bench.jmh;

import org.jdit.bench.Workload;
import org.openjdk.jmh.annotations.Param;

/** Linear layers at the shapes of DiT-XL/2. */
public class Gemm extends Timed {
  /** Rows: tokens of all sequences. */
  @Param({"256", "512", "2048"})
  public int rows;

  /** Width in x width out: attention in, attention out, MLP in, MLP out. */
  @Param({"1152x3456", "1152x1152", "1152x4608", "4608x1152"})
  public String widths;

  /** Made for JMH. */
  public Gemm() {}

  @Override
  Workload workload() {
    String[] w = widths.split("x", 2);
    return Workload.linear(rows, Integer.parseInt(w[0]), Integer.parseInt(w[1]));
  }
}
