package org.jdit.tensor.cpu;

import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.BackendContract;
import org.junit.jupiter.api.Tag;

/** The CPU backend owes what every backend owes, at each vector width. */
@Tag("width")
class CpuContractTest extends BackendContract {
  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
