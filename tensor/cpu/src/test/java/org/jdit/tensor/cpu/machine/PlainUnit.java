package org.jdit.tensor.cpu.machine;

import java.nio.file.Path;

/** Matrix units in plain Java, for tests on machines without one. */
public final class PlainUnit {
  private PlainUnit() {}

  /** The unit. */
  public static MatrixUnit create() {
    return new MatrixUnit(new PlainKernel());
  }

  /**
   * What a search finds whose kernel computes the last element of a block wrong.
   *
   * @param cpuinfo what Linux tells of a processor with such a unit
   */
  public static Found<MatrixUnit> findBroken(Path cpuinfo) {
    TileKernel plain = new PlainKernel();
    return MatrixUnit.search(
        cpuinfo,
        () ->
            (a, b, c, steps, accumulate) -> {
              plain.multiply(a, b, c, steps, accumulate);
              c[c.length - 1]++;
            });
  }
}
