package org.jdit.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.jdit.bench.Workload;
import org.jdit.dit.vae.VaeConfig;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Warmup;

/** Stable Diffusion's decoder, from latents of 32x32 to an image of 256x256. */
@Warmup(iterations = 2, time = 1, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 1, timeUnit = TimeUnit.MILLISECONDS)
public class Decode extends Timed {
  /** Made for JMH. */
  public Decode() {}

  @Override
  Workload workload() {
    return Workload.decode(VaeConfig.STABLE_DIFFUSION, 1, 32);
  }
}
