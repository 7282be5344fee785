package org.jdit.tensor.cpu;

import org.jdit.tensor.cpu.kernel.EveryWidth;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.BackendContract;

/** The CPU backend owes what every backend owes, at each vector width. */
@EveryWidth
class CpuContractTest extends BackendContract {
  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
