package org.jdit.bench.jmh;

import org.jdit.bench.Workload;
import org.openjdk.jmh.annotations.Param;

/** Normalisations and element-wise kernels at the sizes that they have in DiT-XL/2. */
public class Elementwise extends Timed {
  /** The kernel. */
  @Param({
    "layerNormModulate",
    "rmsNorm",
    "gateResidual",
    "gelu",
    "silu",
    "softmax",
    "groupNormSilu",
    "adamw"
  })
  public String kernel;

  /** Made for JMH. */
  public Elementwise() {}

  @Override
  Workload workload() {
    return switch (kernel) {
      case "layerNormModulate" -> Workload.layerNormModulate(2, 256, 1152);
      case "rmsNorm" -> Workload.rmsNorm(2, 256, 1152);
      case "gateResidual" -> Workload.gateResidual(2, 256, 1152);
      case "gelu" -> Workload.gelu(512, 4608);
      case "silu" -> Workload.silu(512, 4608);
      case "adamw" -> Workload.adamw(1 << 22);
      case "softmax" -> Workload.softmax(8192, 256);
      case "groupNormSilu" -> Workload.groupNormSilu(128, 256);
      default -> throw new IllegalArgumentException("no kernel " + kernel);
    };
  }
}
