package org.jdit.tensor.cpu;

import org.jdit.tensor.cpu.kernel.EveryWidth;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.testkit.BackendContract;

/** The contract with the operands of products rounded to two bfloat16, at each vector width. */
@EveryWidth
class CpuBf16x3ContractTest extends BackendContract {
  @Override
  protected Backend open() {
    return new CpuBackend(2, false, precision());
  }

  @Override
  protected Precision precision() {
    return Precision.BF16X3;
  }
}
