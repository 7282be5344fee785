package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assumptions.assumeThat;

import org.jdit.tensor.cpu.kernel.Scratch;
import org.jdit.tensor.cpu.machine.Found;
import org.jdit.tensor.cpu.machine.PlainUnit;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.testkit.BackendContract;
import org.junit.jupiter.api.BeforeAll;

/** The contract with products on a matrix unit, of which the unit's own Java version is one. */
class CpuUnitBf16ContractTest extends BackendContract {
  @BeforeAll
  static void vectorsAreWideEnough() {
    assumeThat(Scratch.wideEnough()).as("a matrix unit takes vectors of 512 bits").isTrue();
  }

  @Override
  protected Backend open() {
    return new CpuBackend(
        2, false, precision(), () -> new Found.Available<>(PlainUnit.create(), "plain Java"));
  }

  @Override
  protected Precision precision() {
    return Precision.BF16;
  }
}
