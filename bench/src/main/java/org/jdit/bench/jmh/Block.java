package org.jdit.bench.jmh;

import org.jdit.bench.Workload;
import org.jdit.dit.model.DiTConfig;
import org.openjdk.jmh.annotations.Param;

/** A transformer block on two sequences, as under guidance. */
public class Block extends Timed {
  /** A network of the paper. */
  @Param({"DiT-S/2", "DiT-XL/2"})
  public String model;

  /** Made for JMH. */
  public Block() {}

  @Override
  Workload workload() {
    return Workload.block(DiTConfig.named(model, 32, 1000), 2);
  }
}
