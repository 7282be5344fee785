package org.jdit.tensor.cpu.machine;

import java.nio.file.Path;

/** Matrix units in plain Java, for tests on machines without one. */
public final class PlainUnit {
  private PlainUnit() {}

  /** The unit, of the kind that can be used in all precisions. */
  public static MatrixUnit create() {
    return of(MatrixUnit.Kind.AMX);
  }

  /** A unit that is fast enough for one product, but not for three. */
  public static MatrixUnit createSlow() {
    return of(MatrixUnit.Kind.AVX512);
  }

  private static MatrixUnit of(MatrixUnit.Kind kind) {
    return new MatrixUnit(kind, new PlainKernel(kind));
  }

  /**
   * What a search finds whose kernel computes the last element of a block wrong.
   *
   * @param cpuinfo what Linux tells of a processor with such a unit
   */
  public static Found<MatrixUnit> findBroken(Path cpuinfo) {
    return MatrixUnit.search(
        cpuinfo,
        kind ->
            (a, b, c, steps, accumulate) -> {
              TileKernel plain = new PlainKernel(kind);
              plain.multiply(a, b, c, steps, accumulate);
              c[c.length - 1]++;
            });
  }
}
