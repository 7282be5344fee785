package org.jdit.tensor.cpu.machine;

/** A matrix unit in plain Java, for tests on machines without one. */
public final class PlainUnit {
  private PlainUnit() {}

  /** The unit. */
  public static MatrixUnit create() {
    return new MatrixUnit(new PlainKernel());
  }
}
