package org.jdit.bench.jmh;

import org.jdit.bench.Workload;
import org.openjdk.jmh.annotations.Param;

/** Attention of 16 heads on two sequences, as under guidance. */
public class Attention extends Timed {
  /** Sequence length. */
  @Param({"256", "1024"})
  public int tokens;

  /** 64 in the small networks, 72 in DiT-XL. */
  @Param({"64", "72"})
  public int headSize;

  /** Made for JMH. */
  public Attention() {}

  @Override
  Workload workload() {
    return Workload.attention(2, 16, tokens, headSize);
  }
}
